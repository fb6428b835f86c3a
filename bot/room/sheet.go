package room

// Sheet is a message that fills up. One part or one letter too many, and a platform
// takes none of it: so what does not fit is left out, and counted.
type Sheet[P any] struct {
	Most    int                              // of what Measure counts
	Longest int                              // of what Measure measures
	Measure func(part []P) (count, size int) // how much room a part takes

	Body []P
	Foot []P // stands last, and has its room before all others
	Left int // how many parts did not fit

	count, size int
}

// Add puts a part in the body, whole or not at all; it reports whether it fitted.
func (s *Sheet[P]) Add(part []P) bool { return s.put(&s.Body, part) }

// End puts a part in the foot, whole or not at all; it reports whether it fitted.
func (s *Sheet[P]) End(part []P) bool { return s.put(&s.Foot, part) }

// Each puts parts where they belong in their order, up to the first that does not fit.
func (s *Sheet[P]) Each(where *[]P, parts [][]P) {
	for i, part := range parts {
		if !s.put(where, part) {
			s.Left += len(parts) - i - 1
			return
		}
	}
}

func (s *Sheet[P]) put(where *[]P, part []P) bool {
	count, size := s.Measure(part)
	if s.count+count > s.Most || s.size+size > s.Longest {
		s.Left++
		return false
	}
	s.count += count
	s.size += size
	*where = append(*where, part...)
	return true
}
