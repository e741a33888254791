package main

import (
	"regexp"
	"strings"
)

var (
	colour = regexp.MustCompile("\x1b\\[[0-9;]*m")
	// stamped is what the binary adds at its end: the test's error once more, behind a time.
	stamped = regexp.MustCompile(`\d{4}/\d\d/\d\d \d\d:\d\d:\d\d .*`)
	// varying is what differs between two runs.
	varying = regexp.MustCompile(`RequestID: [^,]*, (HostID: [^,]*, )?|0x[0-9a-f]+|` +
		`\d{4}-\d\d-\d\d[T ][0-9:.]+Z?|\b[0-9a-f]{16,}\b`)
)

// failure finds out of a test's output why it failed, without what differs between two runs.
func failure(name, said string) string {
	said = stamped.ReplaceAllString(strings.Join(strings.Fields(colour.ReplaceAllString(said, "")), " "), "")
	said = strings.TrimPrefix(said, "RUN "+name+" ")
	for _, mark := range []string{"FAIL " + name + ": ", "panic: "} {
		if _, rest, found := strings.Cut(said, mark); found {
			said, _, _ = strings.Cut(rest, " goroutine ")
			// The reason counts, not that the test's bucket then could not be deleted.
			said, _, _ = strings.Cut(said, name+": failed to delete the bucket")
			break
		}
	}
	said = strings.ReplaceAll(said, name+": ", "")
	return strings.TrimSpace(varying.ReplaceAllString(said, ""))
}
