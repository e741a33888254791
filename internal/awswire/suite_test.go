package awswire

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// AWS's protocol cases, as botocore carries them. A suite is a small model with cases.
type suite struct {
	Description string `json:"description"`
	Metadata    struct {
		Protocol     string `json:"protocol"`
		APIVersion   string `json:"apiVersion"`
		JSONVersion  string `json:"jsonVersion"`
		TargetPrefix string `json:"targetPrefix"`
	} `json:"metadata"`
	Shapes         map[string]*shape `json:"shapes"`
	Cases          []protocolCase    `json:"cases"`
	ClientEndpoint string            `json:"clientEndpoint"`
}

type shape struct {
	Type      string         `json:"type"`
	Members   map[string]ref `json:"members"`
	Required  []string       `json:"required"`
	Member    *ref           `json:"member"`
	Key       *ref           `json:"key"`
	Value     *ref           `json:"value"`
	Payload   string         `json:"payload"`
	Time      string         `json:"timestampFormat"`
	Enum      []string       `json:"enum"`
	Document  bool           `json:"document"`
	Streaming bool           `json:"streaming"`
	Flattened bool           `json:"flattened"`
	Name      string         `json:"locationName"`
	Namespace xmlns          `json:"xmlNamespace"`
}

type xmlns struct {
	URI    string `json:"uri"`
	Prefix string `json:"prefix"`
}

// UnmarshalJSON also accepts a namespace that is a string.
func (x *xmlns) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return json.Unmarshal(b, &x.URI)
	}
	type plain xmlns
	return json.Unmarshal(b, (*plain)(x))
}

type ref struct {
	Shape       string `json:"shape"`
	Location    string `json:"location"`
	Name        string `json:"locationName"`
	Wrapper     string `json:"resultWrapper"`
	Flattened   bool   `json:"flattened"`
	Attribute   bool   `json:"xmlAttribute"`
	JSONValue   bool   `json:"jsonvalue"`
	Idempotency bool   `json:"idempotencyToken"`
	Streaming   bool   `json:"streaming"`
	Time        string `json:"timestampFormat"`
	Namespace   xmlns  `json:"xmlNamespace"`
}

type protocolCase struct {
	ID    string `json:"id"`
	Given struct {
		Name string `json:"name"`
		HTTP struct {
			Method string `json:"method"`
			URI    string `json:"requestUri"`
			Status int    `json:"responseCode"`
		} `json:"http"`
		Input    ref `json:"input"`
		Output   ref `json:"output"`
		Endpoint struct {
			HostPrefix string `json:"hostPrefix"`
		} `json:"endpoint"`
	} `json:"given"`
	Params     map[string]any `json:"params"`
	Serialized struct {
		Method  string            `json:"method"`
		URI     string            `json:"uri"`
		Body    *string           `json:"body"`
		Headers map[string]string `json:"headers"`
		Host    string            `json:"host"`
		Forbid  []string          `json:"forbidHeaders"`
		Require []string          `json:"requireHeaders"`
	} `json:"serialized"`
	Result       map[string]any `json:"result"`
	Error        map[string]any `json:"error"`
	ErrorCode    string         `json:"errorCode"`
	ErrorMessage string         `json:"errorMessage"`
	Response     struct {
		Status  int               `json:"status_code"`
		Body    string            `json:"body"`
		Headers map[string]string `json:"headers"`
	} `json:"response"`
}

const vectors = "../../../shared/vectors/aws-protocols"

var protocolNames = map[string]Protocol{"query": Query, "json": JSON, "rest-json": RestJSON, "rest-xml": RestXML}

// readSuites returns the suites of one direction by protocol, or skips the test.
func readSuites(t *testing.T, direction string) map[string][]suite {
	t.Helper()
	all := map[string][]suite{}
	for name := range protocolNames {
		data, err := os.ReadFile(filepath.Join(vectors, direction, name+".json"))
		if os.IsNotExist(err) {
			t.Skipf("AWS's protocol cases are not here: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		var list []suite
		if err := json.Unmarshal(data, &list); err != nil {
			t.Fatal(err)
		}
		all[name] = list
	}
	return all
}
