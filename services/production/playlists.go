package production

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"lenlop/services/fault"
	"lenlop/services/lesson"
	"lenlop/services/media"
	"lenlop/transcoder"
	"lenlop/transcoder/hls"
)

// Playlists gives the text of packages' playlists, for web/stream.
type Playlists struct {
	Store Store
	Media media.Store
	// Lessons tell what several sounds are called now, and Call names a
	// language; nil: sounds go by their rungs.
	Lessons lesson.Store
	Call    func(language string) string
}

// Playlist is one playlist as it is sent.
type Playlist struct {
	Text  string
	Final bool // will not change; a growing one changes with every piece
}

// maxPlaylist bounds a stored playlist: four hours of segments with their
// names are 0.4 MB.
const maxPlaylist = 4 << 20

// Playlist gives a playlist by its lesson, package and file name, as
// PlaylistAt splits an address. While the package grows, it is made from the
// segments that are in; once it is finished, it is the stored one. Faults:
// fault.NotFound "package.not_found" when there is no such playlist (yet), or
// the package is another lesson's.
func (p *Playlists) Playlist(ctx context.Context, lessonID, packageID, file string) (Playlist, error) {
	none := fault.New(fault.NotFound, "package.not_found")
	pkg, err := p.Store.Package(ctx, packageID)
	if err != nil {
		return Playlist{}, err
	}
	if pkg.LessonID != lessonID || pkg.State == Broken {
		return Playlist{}, none
	}
	finished := !pkg.FinishedAt.IsZero()
	rung, event := strings.CutSuffix(file, eventTail)
	if finished && !event {
		l, err := p.stored(ctx, pkg, file)
		if err == nil && file == masterFile {
			l.Text, err = p.named(ctx, pkg, l.Text)
		}
		return l, err
	}
	if !event && file != masterFile {
		return Playlist{}, none
	}
	var plan transcoder.Plan
	if err := json.Unmarshal(pkg.Plan, &plan); err != nil {
		return Playlist{}, fmt.Errorf("package %s: plan: %w", pkg.ID, err)
	}
	segs, err := p.Store.Segments(ctx, pkg.ID)
	if err != nil {
		return Playlist{}, err
	}
	if !event {
		text, ok := growingMaster(plan, segs)
		if !ok {
			return Playlist{}, none
		}
		text, err := p.named(ctx, pkg, text)
		return Playlist{Text: text}, err
	}
	own := ofRung(pkg, segs, rung)
	if _, known := plan.Rung(rung); !known || len(own) == 0 || own[0].Piece != 0 {
		return Playlist{}, none
	}
	text, err := hls.Media(own, plan.TargetDuration, true)
	if err != nil {
		return Playlist{}, fmt.Errorf("package %s: %s: %w", pkg.ID, file, err)
	}
	if finished {
		text += "#EXT-X-ENDLIST\n"
	}
	return Playlist{Text: text, Final: finished}, nil
}

// named calls the sounds of a master playlist what its teacher calls them.
func (p *Playlists) named(ctx context.Context, pkg Package, text string) (string, error) {
	if p.Lessons == nil || !strings.Contains(text, "#EXT-X-MEDIA:TYPE=AUDIO") {
		return text, nil
	}
	l, err := p.Lessons.Lesson(ctx, pkg.LessonID)
	if err != nil {
		return "", err
	}
	sounds := l.Media.Sounds
	if l.Media.PackageID != pkg.ID {
		var plan transcoder.Plan
		if err := json.Unmarshal(pkg.Plan, &plan); err != nil {
			return "", fmt.Errorf("package %s: plan: %w", pkg.ID, err)
		}
		sounds = soundsOf(plan)
	}
	return named(text, sounds, p.Call), nil
}

// stored reads a finished playlist.
func (p *Playlists) stored(ctx context.Context, pkg Package, file string) (Playlist, error) {
	key := media.Output(pkg.LessonID, pkg.ID, "", file)
	body, _, err := p.Media.Get(ctx, key, media.All)
	if fault.Is(err, "media.not_found") {
		return Playlist{}, fault.Wrap(err, fault.NotFound, "package.not_found")
	}
	if err != nil {
		return Playlist{}, fmt.Errorf("package %s: %s: %w", pkg.ID, file, err)
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, maxPlaylist))
	if err != nil {
		return Playlist{}, fmt.Errorf("package %s: %s: %w", pkg.ID, file, err)
	}
	return Playlist{Text: string(text), Final: true}, nil
}

// ofRung gives one rung's segments as hls wants them.
func ofRung(p Package, segs []Segment, rung string) []hls.Segment {
	var own []hls.Segment
	for _, s := range segs {
		if s.Rung == rung {
			own = append(own, hls.Segment{URI: relative(p, s.Key), Piece: s.Piece, Index: s.Index, Duration: s.Duration,
				Size: s.Size, SHA256: s.SHA256})
		}
	}
	return own
}

// startFirst orders rungs for a master playlist. Players begin with the first
// line, so that is the largest of the rungs that were made first: legible at
// once on a weak line. The others follow from small to large, sound alone last.
func startFirst(plan transcoder.Plan) []transcoder.Rung {
	low := lowRungs(plan)
	start, best := "", 0
	for _, r := range plan.Rungs {
		if px := r.Width * r.Height; slices.Contains(low, r.Name) && px > best {
			start, best = r.Name, px
		}
	}
	rank := func(r transcoder.Rung) int {
		switch {
		case r.Name == start:
			return 0
		case r.Width > 0:
			return 1
		}
		return 2
	}
	list := slices.Clone(plan.Rungs)
	slices.SortStableFunc(list, func(a, b transcoder.Rung) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Width*a.Height, b.Width*b.Height))
	})
	return list
}

// growingMaster names the rungs whose first piece is in, at their planned
// bandwidths; ok is false until those of the low rungs are.
func growingMaster(plan transcoder.Plan, segs []Segment) (text string, ok bool) {
	have := pieces(segs)
	for _, name := range lowRungs(plan) {
		if !have[pieceOf{name, 0}] {
			return "", false
		}
	}
	var vs []hls.Variant
	for _, r := range startFirst(plan) {
		if have[pieceOf{r.Name, 0}] {
			vs = append(vs, hls.Variant{
				URI: r.Name + eventTail, Name: r.Name, Bandwidth: r.Bandwidth, Codecs: r.Codecs, Width: r.Width,
				Height: r.Height, FPS: r.FPS,
			})
		}
	}
	vs, sounds := grouped(plan, vs, eventTail)
	return hls.Master(vs, sounds...), true
}

// final makes a finished package's master playlist and its renditions, from
// what was measured.
func final(plan transcoder.Plan, report transcoder.Report) (master string, rs []lesson.Rendition, err error) {
	var vs []hls.Variant
	for _, r := range startFirst(plan) {
		i := slices.IndexFunc(report.Rungs, func(m transcoder.RungReport) bool { return m.Name == r.Name })
		if i < 0 {
			return "", nil, fmt.Errorf("rung %s was not verified", r.Name)
		}
		m := report.Rungs[i]
		vs = append(vs, hls.Variant{
			URI: r.Name + finalTail, Name: r.Name, Bandwidth: m.Bandwidth, Average: m.Average, Codecs: m.Codecs,
			Width: r.Width, Height: r.Height, FPS: r.FPS,
		})
		rs = append(rs, lesson.Rendition{
			Name: r.Name, Kind: r.Kind, Width: r.Width, Height: r.Height, Bandwidth: m.Bandwidth, Bytes: m.Bytes,
			Codecs: m.Codecs,
		})
	}
	vs, sounds := grouped(plan, vs, finalTail)
	return hls.Master(vs, sounds...), rs, nil
}
