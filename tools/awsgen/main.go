// Command awsgen keeps the AWS models of the operations that we serve, and generates the packages awsapi/... from them.
// There are two steps, so that a build needs nothing outside of this repository.
//
// import runs by hand, from an installed botocore, when AWS's models have changed (awsgen import -botocore DIR [-models
// models]). It reads the list of operations in models/served.json and writes one models/SERVICE.json for each service,
// without AWS's documentation.
//
// generate runs by go generate (awsgen generate [-models models] [-out internal/awsapi]). It merges
// models/SERVICE.additions.json, which is written by hand with a reason for each line, into the model, and writes the
// Go packages. awsgen owns no behaviour: package awswire has that.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "awsgen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("want import or generate")
	}
	fs := flag.NewFlagSet(args[0], flag.ContinueOnError)
	models := fs.String("models", "models", "the folder of the models")
	botocore := fs.String("botocore", "", "the folder of an installed botocore package (import)")
	out := fs.String("out", "internal/awsapi", "the folder of the generated packages (generate)")
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "import":
		return importModels(*botocore, *models)
	case "generate":
		return generate(*models, *out)
	}
	return fmt.Errorf("unknown command %q: want import or generate", args[0])
}
