package awswire

import (
	"reflect"
	"sync"
)

// Protocol is one of the four protocols of AWS services.
type Protocol uint8

// The protocols. Nothing can be decoded with the zero Protocol.
const (
	NoProtocol Protocol = iota
	RestXML             // S3, S3 Control
	Query               // STS, IAM
	JSON                // json 1.0 and 1.1: Identity Center, Identity Store
	RestJSON            // Identity Center's OIDC service
)

func (p Protocol) String() string {
	switch p {
	case RestXML:
		return "rest-xml"
	case Query:
		return "query"
	case JSON:
		return "json"
	case RestJSON:
		return "rest-json"
	}
	return "no protocol"
}

// Service is one AWS service. NewService makes it, and it does not change afterwards.
type Service struct {
	Name         string   // our short name and the generated package's: s3control, sts, iam, s3
	SigningName  string   // the service in the signature's scope; s3control signs as s3
	Protocol     Protocol // how it talks
	APIVersion   string   // for Query the value of the form's Version
	TargetPrefix string   // for JSON the part of X-Amz-Target before the dot
	JSONVersion  string   // for JSON "1.0" or "1.1"
	Namespace    string   // the XML namespace of answers; empty: none
	BareErrors   bool     // errors have S3's form, with <Error> as the root; others are wrapped in <ErrorResponse>
	FullLists    bool     // lists of an output are written even if they are empty, as AWS's services do
	Operations   []*Operation

	once   sync.Once
	routes []*route
	byName map[string]*Operation
}

// Operation is one operation of a service. It says how requests are matched, decoded and encoded.
type Operation struct {
	Service          *Service
	Name             string
	Method           string
	URI              string // template, such as /{Bucket}/{Key+}?uploads
	Status           int    // of a success; 0 means 200
	Unsigned         bool   // the model lets anybody call it without a signature
	ChecksumRequired bool   // the client must send a checksum of the body, if there is a body
	Host             string // what the client puts before the endpoint's host, such as "{AccountId}."
	InRoot           string // the root element of an XML request
	InNamespace      string // and its namespace
	OutRoot          string // the root element of an XML answer
	OutWrapper       string // the element inside the root that carries a Query answer
	ContentType      string // of the answer, where it is not the protocol's own
	BareOutput       bool   // the text of the root element is the only member, as in GetBucketLocation
	In, Out          reflect.Type

	in, out *plan // read by Service.prepare
	route   *route
}

// Op is an operation together with the Go types of its input and output, so that Handle can check them
// when the program is compiled.
type Op[In, Out any] struct{ *Operation }

// NewOp binds an operation to its types.
func NewOp[In, Out any](o Operation) Op[In, Out] {
	o.In, o.Out = reflect.TypeFor[In](), reflect.TypeFor[Out]()
	return Op[In, Out]{Operation: &o}
}

// NewService makes s the service of these operations.
func NewService(s *Service, ops ...*Operation) *Service {
	s.Operations = ops
	for _, o := range ops {
		o.Service = s
	}
	return s
}

// Operation finds an operation by its name, or nil.
func (s *Service) Operation(name string) *Operation {
	s.once.Do(s.prepare)
	return s.byName[name]
}

// NewInput makes a pointer to an empty input of the operation.
func (o *Operation) NewInput() any { return reflect.New(o.In).Interface() }

// SuccessStatus is the HTTP status of an answer that says nothing else.
func (o *Operation) SuccessStatus() int {
	if o.Status == 0 {
		return 200
	}
	return o.Status
}
