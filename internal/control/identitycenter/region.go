package identitycenter

import (
	"time"

	"latchkey/internal/control"
	"latchkey/internal/fault"
	"latchkey/internal/policy"
)

// An instance has one region, the server's own, and regions can be neither added nor removed. Nothing is copied from
// region to region: one server answers for all of them, with the same directory.

// Region is a region of an instance. Its status is ACTIVE.
type Region struct {
	Name    string
	Added   time.Time
	Primary bool
}

// Regions lists the regions of the instance.
func (c *Center) Regions(call *control.Call, arn string, at Cut) (Page[Region], error) {
	i, err := instance(call, "sso:ListRegions", arn, policy.Values{})
	if err != nil {
		return Page[Region]{}, err
	}
	return cutPage(c.Control, at, []Region{{c.Control.Region, i.Created, true}}, listName(call, "ListRegions"),
		func(Region) int64 { return 1 })
}

// DescribeRegion returns a region of the instance.
func (c *Center) DescribeRegion(call *control.Call, arn, name string) (Region, error) {
	i, err := instance(call, "sso:DescribeRegion", arn, policy.Values{})
	if err != nil {
		return Region{}, err
	}
	if name != c.Control.Region {
		return Region{}, noRegion(name)
	}
	return Region{c.Control.Region, i.Created, true}, nil
}

// AddRegion always refuses.
func (c *Center) AddRegion(call *control.Call, arn, name string) error {
	if _, err := instance(call, "sso:AddRegion", arn, policy.Values{}); err != nil {
		return err
	}
	if name == c.Control.Region {
		return fault.New(fault.Conflict, fault.IdentityCenter, "%s is the primary Region of the instance already", name)
	}
	return fault.New(fault.Invalid, fault.IdentityCenter,
		"Regions cannot be added: the instance is not replicated, and this server answers requests for every Region with it")
}

// RemoveRegion always refuses.
func (c *Center) RemoveRegion(call *control.Call, arn, name string) error {
	if _, err := instance(call, "sso:RemoveRegion", arn, policy.Values{}); err != nil {
		return err
	}
	if name == c.Control.Region {
		return fault.New(fault.Invalid, fault.IdentityCenter,
			"%s is the primary Region of the instance, which cannot be removed", name)
	}
	return noRegion(name)
}

func noRegion(name string) error {
	return fault.New(fault.NotFound, fault.Member, "The instance has no Region %s", name)
}
