// Command awsgen keeps the AWS models that we serve and turns them into package awsapi.
//
// Two steps, so that building needs nothing but this repository:
//
//	awsgen import -botocore DIR [-models models]   by hand, from an installed botocore, when the models move on
//	awsgen generate [-models models] [-out internal/awsapi]   by go generate
//
// import reads models/served.json (which operations) and restates them, without their documentation, as one
// models/SERVICE.json each. generate lays models/SERVICE.additions.json (by hand, with a reason for each line)
// over it and writes the Go packages. awsgen owns no behaviour: that is package awswire's.
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
