package ffmpeg

import "strconv"

// DecodeArgs decodes every stream of files of ours and writes one line for
// each picture and each frame of sound; streams are numbered through the
// files. A decoder's complaint ends it with an error.
func DecodeArgs(threads int, files ...string) []string {
	args := []string{"-hide_banner", "-nostdin", "-v", "error", "-xerror"}
	for _, file := range files {
		args = append(args, "-err_detect", "explode", "-threads", strconv.Itoa(threads))
		args = append(append(args, Guard()...), "-i", URL(file))
	}
	for i := range files {
		args = append(args, "-map", strconv.Itoa(i))
	}
	return append(args, "-vsync", "passthrough", "-c:v", "wrapped_avframe", "-c:a", "pcm_s16le", "-f",
		"framecrc", "pipe:1")
}
