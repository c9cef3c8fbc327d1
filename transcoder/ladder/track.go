package ladder

import "strconv"

// Track is one of several sound tracks of a recording, most often the lesson
// spoken in another language. Each has a rung of its own; the rungs with a
// picture then carry no sound, because a player can only leave out what comes
// apart. The first is the one that plays unless another is chosen.
type Track struct {
	Rung        string  `json:"rung"`               // the sound-only rung made of it
	Language    string  `json:"language,omitempty"` // as the file says it; "": it does not
	Audio       int     `json:"audio"`              // stream index
	Start       float64 `json:"start"`              // seconds of the lesson
	End         float64 `json:"end"`                // seconds of the lesson
	SampleRate  int     `json:"sampleRate"`
	SampleGrid  int     `json:"sampleGrid,omitempty"`
	SamplePhase float64 `json:"samplePhase,omitempty"` // samples

	Loudness Loudness `json:"-"` // in a Request: measured
}

// MaxTracks is how many sound tracks of a recording are taken.
const MaxTracks = 8

// audioRung is the name of the n-th track's rung, from 0.
func audioRung(n int) string {
	if n == 0 {
		return Audio
	}
	return Audio + strconv.Itoa(n+1)
}

// Of reads the recording with another of its sound tracks.
func (s Source) Of(t Track) Source {
	s.Mix = nil
	s.Audio, s.AudioStart, s.AudioEnd = t.Audio, t.Start, t.End
	s.SampleRate, s.SampleGrid, s.SamplePhase = t.SampleRate, t.SampleGrid, t.SamplePhase
	return s
}

// OfTrack is the plan as it reads the n-th sound track.
func (p Plan) OfTrack(n int) Plan {
	if n < len(p.Tracks) {
		p.Source = p.Source.Of(p.Tracks[n])
	}
	return p
}

// trackRungs are the rungs of several tracks, each with its own gain. Speech
// in another language is mono: every track costs each student who plays it.
func trackRungs(p *Plan, tracks []Track) {
	for i, t := range tracks {
		sound := t.Loudness.mono()
		sound.Track = i
		r := soundOnly(sound)
		r.Name = audioRung(i)
		t.Rung = r.Name
		p.Tracks, p.Rungs = append(p.Tracks, t), append(p.Rungs, r)
	}
}
