package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const models, awsapi = "../../models", "../../internal/awsapi"

func TestGenerateLeavesNoDifference(t *testing.T) {
	out := t.TempDir()
	if err := generate(models, out); err != nil {
		t.Fatal(err)
	}
	var served map[string]Served
	if err := readJSON(filepath.Join(models, "served.json"), &served); err != nil {
		t.Fatal(err)
	}
	for _, service := range slices.Sorted(maps.Keys(served)) {
		entries, err := os.ReadDir(filepath.Join(awsapi, packageName(service)))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			have, err := os.ReadFile(filepath.Join(awsapi, packageName(service), e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(filepath.Join(out, packageName(service), e.Name()))
			if err != nil || !bytes.Equal(have, want) {
				t.Errorf("%s/%s differs from what generate writes (%v): run go generate ./internal/awsapi", service, e.Name(), err)
			}
		}
	}
}

func TestModelsHaveNoDocumentation(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(models, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), `"documentation"`) || strings.Contains(string(text), "<p>") {
			t.Errorf("%s has documentation", f)
		}
	}
}

const tinyBotocore = `{"metadata":{"apiVersion":"2020-01-01","endpointPrefix":"tiny","protocol":"rest-xml"},
"operations":{
 "PutThing":{"name":"PutThing","http":{"method":"PUT","requestUri":"/{Name}","responseCode":201},"input":{"shape":"PutThingRequest","locationName":"Put","xmlNamespace":{"uri":"http://x/"}},"documentation":"<p>Long.</p>","httpChecksumRequired":true},
 "Other":{"name":"Other","http":{"method":"GET","requestUri":"/"}}},
"shapes":{
 "PutThingRequest":{"type":"structure","required":["Name"],"payload":"Thing","documentation":"<p>Long.</p>","members":{"Name":{"shape":"Name","location":"uri","locationName":"Name"},"Thing":{"shape":"Thing","documentation":"<p>x</p>"}}},
 "Thing":{"type":"structure","members":{"Self":{"shape":"Thing"},"Sizes":{"shape":"Sizes"}}},
 "Sizes":{"type":"list","member":{"shape":"Size","locationName":"Size"},"max":3},
 "Size":{"type":"integer","min":1,"max":9},
 "Name":{"type":"string","pattern":"[\\u0020-\\u00FF]+","enum":["a","b"]},
 "Unused":{"type":"string"}}}`

func TestImportThenGenerate(t *testing.T) {
	boto, dir, out := t.TempDir(), t.TempDir(), t.TempDir()
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(boto, "__init__.py"), "\n__version__ = '9.8.7'\n")
	write(filepath.Join(boto, "data/tiny/2020-01-01/service-2.json"), tinyBotocore)
	write(filepath.Join(dir, "served.json"), `{"tiny":{"version":"2020-01-01","operations":["PutThing"]}}`)
	write(filepath.Join(dir, "tiny.additions.json"),
		`{"members":{"Thing":[{"name":"Colour","shape":"Name","why":"a test"}]},`+
			`"operations":{"PutThing":{"outRoot":"Answer"}}}`)
	if err := run([]string{"import", "-botocore", boto, "-models", dir}); err != nil {
		t.Fatal(err)
	}
	model, err := os.ReadFile(filepath.Join(dir, "tiny.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"Long", "Unused", "Other"} {
		if strings.Contains(string(model), gone) {
			t.Errorf("the model still has %s:\n%s", gone, model)
		}
	}
	if !strings.Contains(string(model), "botocore 9.8.7 data/tiny/2020-01-01/service-2.json") {
		t.Errorf("the model does not name its origin:\n%s", model)
	}
	if err := run([]string{"generate", "-models", dir, "-out", out}); err != nil {
		t.Fatal(err)
	}
	types, _ := os.ReadFile(filepath.Join(out, "tiny", "types.go"))
	operations, _ := os.ReadFile(filepath.Join(out, "tiny", "operations.go"))
	squeezed := regexp.MustCompile(` +`).ReplaceAllString(string(types)+string(operations), " ")
	for _, want := range []string{
		"Name *string `aws:\"Name,uri,required\" pattern:\"[\\\\x{0020}-\\\\x{00FF}]+\" enum:\"a|b\"`",
		"Thing *Thing `aws:\"Thing,payload,root=Thing\"`",
		"Self *Thing `aws:\"Self\"`",
		"Sizes []int32 `aws:\"Sizes,max=3\" item:\"Size,min=1,max=9\"`",
		"Colour *string `aws:\"Colour\"",
		`Status: 201, ChecksumRequired: true, InRoot: "Put", InNamespace: "http://x/", OutRoot: "Answer"`,
		"type PutThingResponse struct",
	} {
		if !strings.Contains(squeezed, want) {
			t.Errorf("no %s in\n%s", want, squeezed)
		}
	}
	t.Run("an addition without a reason is refused", func(t *testing.T) {
		write(filepath.Join(dir, "tiny.additions.json"), `{"members":{"Thing":[{"name":"Colour","shape":"Name"}]}}`)
		if err := generate(dir, out); err == nil || !strings.Contains(err.Error(), "no reason") {
			t.Error(err)
		}
	})
	t.Run("a pattern that Go cannot read needs a rewriting by hand", func(t *testing.T) {
		write(filepath.Join(dir, "tiny.additions.json"), `{}`)
		write(filepath.Join(dir, "tiny.json"), strings.Replace(string(model), `[\\u0020-\\u00FF]+`, `(?!aws:)x+`, 1))
		if err := generate(dir, out); err == nil || !strings.Contains(err.Error(), "pattern") {
			t.Error(err)
		}
		write(filepath.Join(dir, "tiny.additions.json"), `{"patterns":{"(?!aws:)x+":"x+"}}`)
		if err := generate(dir, out); err != nil {
			t.Error(err)
		}
	})
	t.Run("an operation that the model lacks is refused", func(t *testing.T) {
		write(filepath.Join(dir, "served.json"), `{"tiny":{"version":"2020-01-01","operations":["Missing"]}}`)
		if err := importModels(boto, dir); err == nil {
			t.Error("imported")
		}
	})
}

func TestPackageNameHasNoDashes(t *testing.T) {
	for service, want := range map[string]string{
		"sso-admin": "ssoadmin",
		"sso-oidc":  "ssooidc",
		"s3control": "s3control",
	} {
		if got := packageName(service); got != want {
			t.Errorf("%s became package %s", service, got)
		}
	}
}

func TestPatterns(t *testing.T) {
	g := &generator{}
	for aws, want := range map[string]string{
		`[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*`: `[\x{0020}-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}\t]*`,
		`[\u0009\u10000-\u10FFFF]+`:                                `[\x{0009}\x{10000}-\x{10FFFF}]+`,
		`^\d{12}$`:                                                 `^\d{12}$`,
	} {
		if got, err := g.pattern(aws); err != nil || got != want {
			t.Errorf("%s became %s, %v", aws, got, err)
		}
	}
}
