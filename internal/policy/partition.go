package policy

import (
	"fmt"
	"strings"
)

// partition is the partition of all ARNs here, as of AWS's own commercial regions.
const partition = "aws"

// CheckPartition refuses a resource of another partition, in AWS's words. No such resource is here, so an Allow on it
// would allow nothing and a Deny on it would deny nothing, and nobody would be told. It is asked when a policy is
// written, not when it is evaluated, so that a policy that is stored already keeps its effect. A partition with a
// wildcard matches, as on AWS.
func (d *Document) CheckPartition() error {
	for _, text := range d.Resources() {
		rest, isARN := strings.CutPrefix(text, "arn:")
		part, _, ok := strings.Cut(rest, ":")
		if !isARN || !ok || part == partition || strings.ContainsAny(part, "*?") && !strings.Contains(part, "$") {
			continue
		}
		return fmt.Errorf("Partition \"%s\" is not valid for resource \"%s\".", clip(part), text)
	}
	return nil
}
