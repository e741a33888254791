package e2e

// childVariable names, in the environment, the program that this test binary is to be instead of running tests.
const childVariable = "LATCHKEY_E2E_CHILD"

// children are programs that tests run in a process of their own, as users of the AWS SDK for Go would write them.
var children = map[string]func() int{}
