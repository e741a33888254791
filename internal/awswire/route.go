package awswire

type route struct{}

func (s *Service) prepare() {
	s.byName = make(map[string]*Operation, len(s.Operations))
	for _, o := range s.Operations {
		s.byName[o.Name] = o
	}
}
