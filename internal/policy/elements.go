package policy

import "errors"

func (d *Document) principals(s *statement, n *node, part map[string]*node) error {
	yes, no := part["Principal"], part["NotPrincipal"]
	if !d.kind.hasPrincipals() {
		if yes != nil || no != nil {
			return errors.New("Policy document should not specify a principal.")
		}
		return nil
	}
	v := yes
	switch {
	case yes == nil && no == nil:
		return faultAt(n, "Principal is missing")
	case yes != nil && no != nil:
		return faultAt(no, "Principal and NotPrincipal exclude each other")
	case no != nil && !s.deny:
		return faultAt(no, "NotPrincipal is for Deny statements only")
	case no != nil:
		v, s.notPrincipal = no, true
	}
	if v.kind == nodeString && v.text == everyone {
		s.principals = []principal{{text: everyone}}
		return nil
	}
	if v.kind != nodeObject {
		return faultAt(v, "Principal must be \"*\" or an object such as {\"AWS\": \"...\"}")
	}
	for i, family := range v.keys {
		names, err := texts(v.vals[i], "Principal")
		if err != nil {
			return err
		}
		for _, name := range names {
			p, err := newPrincipal(family, name)
			if err != nil {
				return &ElementError{"Principal", name, err}
			}
			s.principals = append(s.principals, p)
		}
	}
	if len(s.principals) == 0 {
		return faultAt(v, "Principal names nobody")
	}
	return nil
}

func (d *Document) actions(s *statement, n *node, part map[string]*node) error {
	yes, no := part["Action"], part["NotAction"]
	if yes != nil && no != nil {
		return faultAt(no, "Action and NotAction exclude each other")
	}
	v, name := yes, "Action"
	if no != nil {
		v, name, s.notAction = no, "NotAction", true
	}
	if v == nil {
		return errNoActions
	}
	list, err := texts(v, name)
	if err != nil {
		return err
	}
	for _, text := range list {
		p, err := newAction(text)
		if err != nil {
			return &ElementError{"Action", text, err}
		}
		if d.kind == Trust && !isSTS(text) {
			return errTrustAction
		}
		s.actions = append(s.actions, p)
	}
	if len(s.actions) == 0 {
		return errNoActions
	}
	return nil
}

func (d *Document) resources(s *statement, n *node, part map[string]*node) error {
	yes, no := part["Resource"], part["NotResource"]
	if d.kind == Trust {
		if yes != nil || no != nil {
			return errTrustHas
		}
		return nil
	}
	if yes != nil && no != nil {
		return faultAt(no, "Resource and NotResource exclude each other")
	}
	v, name := yes, "Resource"
	if no != nil {
		v, name, s.notResource = no, "NotResource", true
	}
	if v == nil {
		return errNoResources
	}
	list, err := texts(v, name)
	if err != nil {
		return err
	}
	for _, text := range list {
		p, err := newResource(text, d.version == Version2012)
		if err != nil {
			return &ElementError{"Resource", text, err}
		}
		if p.unknown != "" {
			p.dropUndocumented(d.version == Version2012, s.deny && !s.notResource)
		}
		s.resources = append(s.resources, p)
	}
	if len(s.resources) == 0 {
		return errNoResources
	}
	return nil
}

func (d *Document) conditions(s *statement, n *node, part map[string]*node) error {
	v := part["Condition"]
	if v == nil {
		return nil
	}
	if v.kind != nodeObject {
		return faultAt(v, "Condition must be an object")
	}
	for i, name := range v.keys {
		block := v.vals[i]
		if block.kind != nodeObject {
			return faultAt(block, "%s must be an object of condition keys", clip(name))
		}
		if len(block.keys) == 0 {
			if _, err := newCondition(name, "aws:none"); err != nil {
				return err
			}
		}
		for j, key := range block.keys {
			c, err := d.condition(name, key, block.vals[j])
			if err != nil {
				return err
			}
			s.conditions = append(s.conditions, c)
		}
	}
	return nil
}

func (d *Document) condition(name, key string, v *node) (condition, error) {
	c, err := newCondition(name, key)
	if err != nil {
		return c, err
	}
	list := []*node{v}
	if v.kind == nodeArray {
		list = v.vals
	}
	for _, w := range list {
		switch w.kind {
		case nodeString, nodeNumber, nodeBool:
		default:
			return c, faultAt(w, "the values of %s must be strings", clip(key))
		}
		if err := c.add(w.text, w.kind != nodeString, d.version == Version2012); err != nil {
			return c, faultAt(w, "%v", err)
		}
	}
	if len(c.values) == 0 {
		return c, faultAt(v, "%s has no value", clip(key))
	}
	return c, nil
}

// texts reads a string or a list of strings.
func texts(n *node, name string) ([]string, error) {
	if n.kind == nodeString {
		return []string{n.text}, nil
	}
	if n.kind != nodeArray {
		return nil, faultAt(n, "%s must be a string or a list of strings", name)
	}
	list := make([]string, 0, len(n.vals))
	for _, v := range n.vals {
		if v.kind != nodeString {
			return nil, faultAt(v, "%s must be a string or a list of strings", name)
		}
		list = append(list, v.text)
	}
	return list, nil
}
