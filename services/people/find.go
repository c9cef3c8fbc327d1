package people

import "context"

// Search narrows a list of people; empty fields do not.
type Search struct {
	Q      string // words of a name or username, or their beginnings, with or without marks
	Role   Role
	School string // id
	After  string // id of the last one seen
	Limit  int
}

// Finder lists people by given name, then by the whole name.
type Finder interface {
	Find(ctx context.Context, s Search) ([]Person, error)
}

// Find lists people for those who manage them. Fault: "access.denied".
func (s *Service) Find(ctx context.Context, by Person, f Finder, q Search) ([]Person, error) {
	if !May(by, ManagePeople, Object{}) {
		return nil, denied()
	}
	return f.Find(ctx, q)
}
