package page

import (
	"context"

	"lenlop/services/lesson"
)

// SoundName is what the n-th sound of a lesson is called, counted from 0: by
// its teacher, else by its language.
func SoundName(ctx context.Context, s lesson.Sound, n int) string { return soundName(ctx, s, n) }
