package awswire

// Value is what an optional member holds: the zero value when the member is absent.
func Value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// Optional is the reverse of [Value]: the member is absent when v is the zero value.
func Optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
