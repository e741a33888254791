package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// scim is a minimal provisioning client. `scim TOKEN POST /Users BODY` calls the server of LATCHKEY_URL, prints the
// answer's body, and fails unless the status is a success.
func scim() {
	args := append(os.Args[1:], "", "", "", "")
	r, err := http.NewRequest(args[1], os.Getenv("LATCHKEY_URL")+"/scim/v2"+args[2], strings.NewReader(args[3]))
	if err != nil {
		fmt.Fprintln(os.Stderr, "scim:", err)
		os.Exit(2)
	}
	r.Header.Set("Authorization", "Bearer "+args[0])
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		fmt.Fprintln(os.Stderr, "scim:", err)
		os.Exit(2)
	}
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(string(body))
	if resp.StatusCode >= 300 {
		os.Exit(1)
	}
}
