package leavingtest

import "strings"

// Page is the table as Markdown.
func Page() string {
	var b strings.Builder
	for _, section := range Table() {
		b.WriteString("### " + section.Title + "\n\n")
		b.WriteString("| what happens | credential | presigned URL | reason in the audit log | if it is undone |\n")
		b.WriteString("|---|---|---|---|---|\n")
		for i := range section.Rows {
			r := &section.Rows[i]
			becomes := r.becomes()
			b.WriteString("| " + strings.Join([]string{r.What, becomes, becomes, r.why(), r.undone()}, " | ") + " |\n")
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (r *Row) becomes() string {
	switch {
	case r.Reason != "":
		return "ends"
	case r.Change == nil:
		return "lasts on"
	}
	return "works on"
}

func (r *Row) why() string {
	if r.Reason == "" {
		return ""
	}
	return "`" + string(r.Reason) + "`"
}

// undone says what becomes of the old credential when the change is undone.
func (r *Row) undone() string {
	switch {
	case r.Live:
		return "works again"
	case r.Again != nil:
		return "stays ended, a new one works"
	case r.New:
		return "a new one works at once"
	}
	return ""
}
