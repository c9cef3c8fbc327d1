package ffmpeg

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	graph "github.com/u2takey/ffmpeg-go"
)

// Containers are the formats that may be opened: real containers of recordings
// only. A playlist, a concat list or a session description is in none of them:
// with the default, 3 of 10 hostile playlists pulled another local file into
// the output, with this list none.
const Containers = "mov,matroska,avi,asf,flv,mpegts,mpeg,mxf,dv,ogg,wav,mp3,aac,flac,amr,aiff,caf,w64,rm"

// The bounds on what a file may make ffmpeg allocate: 8K pictures, 64 streams.
const (
	MaxPixels  = 8192 * 4352
	MaxStreams = 64
)

// URL is how a path is given to ffmpeg: the prefix keeps names that begin
// with a dash or look like a protocol from meaning anything.
func URL(path string) string { return "file:" + path }

// Guard lists the options that stand before every input.
func Guard() []string {
	return []string{
		"-protocol_whitelist", "file", "-format_whitelist", Containers,
		"-max_streams", strconv.Itoa(MaxStreams), "-max_pixels", strconv.Itoa(MaxPixels),
	}
}

// guard is Guard for the command builder, with more options.
func guard(more graph.KwArgs) graph.KwArgs {
	kw := graph.KwArgs{}
	g := Guard()
	for i := 0; i+1 < len(g); i += 2 {
		kw[strings.TrimPrefix(g[i], "-")] = g[i+1]
	}
	maps.Copy(kw, more)
	return kw
}

// compile turns a graph into arguments. The builder panics on a graph that
// makes no sense; here that is an error.
func compile(out *graph.Stream, global ...string) (args []string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("build command: %v", r)
		}
	}()
	return append(append([]string{"-hide_banner", "-nostdin", "-v", "error", "-y"}, global...), out.GetArgs()...), nil
}

// number writes a float without exponent, to the nanosecond.
func number(v float64) string {
	s := strconv.FormatFloat(v, 'f', 9, 64)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

func filter(in *graph.Stream, name string, args ...string) *graph.Stream {
	return in.Filter(name, graph.Args(args))
}
