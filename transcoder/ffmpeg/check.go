package ffmpeg

import "strconv"

// DecodeArgs decodes every stream of a file of ours and writes one line for
// each picture and each frame of sound. A decoder's complaint ends it with an
// error.
func DecodeArgs(path string, threads int) []string {
	args := []string{"-hide_banner", "-nostdin", "-v", "error", "-xerror", "-err_detect", "explode", "-threads", strconv.Itoa(threads)}
	args = append(args, Guard()...)
	return append(args, "-i", URL(path), "-map", "0", "-vsync", "passthrough", "-c:v", "wrapped_avframe", "-c:a", "pcm_s16le",
		"-f", "framecrc", "pipe:1")
}
