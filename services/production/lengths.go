package production

import (
	"context"
	"strings"
)

// Length is how much media one stored file of a package holds.
type Length struct {
	Millis int64
	Bytes  int64
}

// Lengths knows how long the files of packages play, for those who count what
// was sent.
type Lengths struct{ Store Store }

// Lengths gives the media of a package's segments and plain files by media key.
// Init sections, pictures and indexes play for no time. A package that is gone
// has none.
func (l Lengths) Lengths(ctx context.Context, packageID string) (map[string]Length, error) {
	p, err := l.Store.Package(ctx, packageID)
	if superseded(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	segs, err := l.Store.Segments(ctx, packageID)
	if err != nil {
		return nil, err
	}
	m := make(map[string]Length, len(segs)+len(p.Files))
	for _, s := range segs {
		if s.Index >= 0 {
			m[s.Key] = Length{int64(s.Duration*1000 + 0.5), s.Size}
		}
	}
	for _, f := range p.Files {
		if strings.HasSuffix(f.Key, ".mp4") || strings.HasSuffix(f.Key, ".m4a") {
			m[f.Key] = Length{int64(p.Duration*1000 + 0.5), f.Size}
		}
	}
	return m, nil
}
