package production

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lenlop/services/lesson"
	"lenlop/transcoder"
	"lenlop/transcoder/hls"
)

// soundGroup is the name of a lesson's sounds in its master playlist.
const soundGroup = "sound"

// soundsOf are the sounds that a package can be heard in; none when there is
// but one, which then stands in every rung.
func soundsOf(plan transcoder.Plan) []lesson.Sound {
	var list []lesson.Sound
	for _, t := range plan.Tracks {
		language, ok := lesson.Language(t.Language)
		if !ok {
			language = lesson.Undetermined
		}
		list = append(list, lesson.Sound{Rung: t.Rung, Language: language})
	}
	return list
}

// grouped lets the rungs of a package with several sounds play with the group
// of them: each costs its picture and its most expensive sound.
func grouped(plan transcoder.Plan, vs []hls.Variant, tail string) ([]hls.Variant, []hls.Sound) {
	if len(plan.Tracks) == 0 {
		return vs, nil
	}
	var sounds []hls.Sound
	var out []hls.Variant
	peak, average := 0, 0
	for _, v := range vs {
		i := slices.IndexFunc(plan.Tracks, func(t transcoder.Track) bool { return t.Rung == v.Name })
		if i < 0 {
			continue
		}
		peak, average = max(peak, v.Bandwidth), max(average, v.Average)
		r, _ := plan.Rung(v.Name)
		sounds = append(sounds, hls.Sound{Group: soundGroup, URI: v.Name + tail, Name: v.Name, Default: i == 0,
			Channels: r.Sound.Channels})
	}
	slices.SortFunc(sounds, func(a, b hls.Sound) int { return trackOf(plan, a.Name) - trackOf(plan, b.Name) })
	for _, v := range vs {
		switch i := trackOf(plan, v.Name); {
		case i > 0:
			continue // to be chosen, not to be stepped down to
		case i < 0:
			v.Bandwidth += peak
			if v.Average > 0 {
				v.Average += average
			}
			v.Codecs += ",mp4a.40.2"
		}
		v.Group = soundGroup
		out = append(out, v)
	}
	return out, sounds
}

// trackOf is the number of the track that a rung carries; -1: it is a picture.
func trackOf(plan transcoder.Plan, rung string) int {
	return slices.IndexFunc(plan.Tracks, func(t transcoder.Track) bool { return t.Rung == rung })
}

// named writes the languages and names of a lesson's sounds, as they are now,
// into its master playlist: its teacher may have named them since it was made.
func named(text string, sounds []lesson.Sound, call func(language string) string) string {
	lines := strings.Split(text, "\n")
	taken := map[string]bool{}
	for i, l := range lines {
		if !strings.HasPrefix(l, "#EXT-X-MEDIA:TYPE=AUDIO,") {
			continue
		}
		n := slices.IndexFunc(sounds, func(s lesson.Sound) bool { return strings.Contains(l, `,NAME="`+s.Rung+`",`) })
		if n < 0 {
			continue
		}
		s := sounds[n]
		name := s.Name
		if name == "" && call != nil {
			name = call(s.Language)
		}
		if name == "" {
			name = s.Language
		}
		for k, plain := 2, name; taken[name]; k++ {
			name = plain + " " + strconv.Itoa(k)
		}
		taken[name] = true
		with := `,NAME="` + strings.NewReplacer(`"`, "'", "\n", " ", "\r", " ").Replace(name) + `",`
		if s.Language != lesson.Undetermined {
			with += `LANGUAGE="` + s.Language + `",`
		}
		lines[i] = strings.Replace(l, `,NAME="`+s.Rung+`",`, with, 1)
	}
	return strings.Join(lines, "\n")
}

// setSounds tells the lesson, which had those before, what sounds the package
// can be heard in.
func (w *Workers) setSounds(ctx context.Context, p Package, before []lesson.Sound) error {
	var plan transcoder.Plan
	if err := json.Unmarshal(p.Plan, &plan); err != nil {
		return fmt.Errorf("package %s: plan: %w", p.ID, err)
	}
	if len(plan.Tracks) == 0 && len(before) == 0 {
		return nil
	}
	return w.Lessons.SetSounds(ctx, p.LessonID, p.ID, soundsOf(plan))
}
