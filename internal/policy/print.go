package policy

import (
	"encoding/json"
	"strings"
)

// String is the document as AWS returns resource policies. It has no white space; its elements have a fixed order;
// its statements are a list; lists of one element are a string; account ids are the ARN of their root user.
func (d *Document) String() string {
	w := &printer{}
	w.open('{')
	w.member("Version")
	w.text(d.version)
	if d.id != "" {
		w.member("Id")
		w.text(d.id)
	}
	w.member("Statement")
	w.open('[')
	for i := range d.statements {
		w.item()
		w.statement(&d.statements[i])
	}
	w.close(']')
	w.close('}')
	return w.b.String()
}

// printer writes JSON. first is true when the next item needs no comma before it.
type printer struct {
	b     strings.Builder
	first bool
}

func (w *printer) open(c byte)  { w.b.WriteByte(c); w.first = true }
func (w *printer) close(c byte) { w.b.WriteByte(c); w.first = false }

func (w *printer) item() {
	if !w.first {
		w.b.WriteByte(',')
	}
	w.first = false
}

func (w *printer) member(name string) {
	w.item()
	w.text(name)
	w.b.WriteByte(':')
}

// text writes a string. Unlike json.Marshal it does not escape <, > and &.
func (w *printer) text(s string) {
	var line strings.Builder
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if e.Encode(s) == nil {
		w.b.WriteString(strings.TrimSuffix(line.String(), "\n"))
	}
}

func (w *printer) texts(list []string) {
	if len(list) == 1 {
		w.text(list[0])
		return
	}
	w.open('[')
	for _, s := range list {
		w.item()
		w.text(s)
	}
	w.close(']')
}

func (w *printer) statement(s *statement) {
	w.open('{')
	if s.sid != "" {
		w.member("Sid")
		w.text(s.sid)
	}
	w.member("Effect")
	w.text(choose(s.deny, "Deny", "Allow"))
	if len(s.principals) > 0 {
		w.member(choose(s.notPrincipal, "NotPrincipal", "Principal"))
		w.principals(s.principals)
	}
	w.member(choose(s.notAction, "NotAction", "Action"))
	w.texts(sources(s.actions))
	if len(s.resources) > 0 {
		w.member(choose(s.notResource, "NotResource", "Resource"))
		w.texts(sources(s.resources))
	}
	if len(s.conditions) > 0 {
		w.member("Condition")
		w.conditions(s.conditions)
	}
	w.close('}')
}

func choose(which bool, yes, no string) string {
	if which {
		return yes
	}
	return no
}

func sources(list []pattern) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].text
	}
	return out
}

func (w *printer) principals(list []principal) {
	if list[0].family == "" {
		w.text(everyone)
		return
	}
	w.open('{')
	for i := 0; i < len(list); {
		family := list[i].family
		w.member(family)
		var names []string
		for ; i < len(list) && list[i].family == family; i++ {
			names = append(names, list[i].text)
		}
		w.texts(names)
	}
	w.close('}')
}

func (w *printer) conditions(list []condition) {
	w.open('{')
	for i := 0; i < len(list); {
		name := list[i].name
		w.member(name)
		w.open('{')
		for ; i < len(list) && list[i].name == name; i++ {
			w.member(list[i].keyText)
			w.values(list[i].values)
		}
		w.close('}')
	}
	w.close('}')
}

func (w *printer) values(list []value) {
	if len(list) > 1 {
		w.open('[')
	}
	for _, v := range list {
		if len(list) > 1 {
			w.item()
		}
		if v.bare {
			w.b.WriteString(v.text)
		} else {
			w.text(v.text)
		}
	}
	if len(list) > 1 {
		w.close(']')
	}
}
