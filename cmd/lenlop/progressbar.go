package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// progressBar shows progress: one line that is drawn again and again on a terminal, a line
// per tenth elsewhere. Standard output is left to the answer.
type progressBar struct {
	out   io.Writer
	tty   bool
	shown string
}

func newProgressBar() *progressBar {
	st, err := os.Stderr.Stat()
	return &progressBar{out: os.Stderr, tty: err == nil && st.Mode()&os.ModeCharDevice != 0}
}

// show draws a stage with its fraction, 0 to 1.
func (b *progressBar) show(stage string, fraction float64) {
	const width = 30
	full := int(fraction*width + 0.5)
	line := fmt.Sprintf("%-8s [%s%s] %3.0f %%", stage, strings.Repeat("#", full), strings.Repeat(".", width-full),
		fraction*100)
	if !b.tty {
		line = fmt.Sprintf("%s %d0 %%", stage, int(fraction*10))
	}
	if line == b.shown {
		return
	}
	b.shown = line
	if b.tty {
		fmt.Fprint(b.out, "\r", line)
	} else {
		fmt.Fprintln(b.out, line)
	}
}

// end moves on from the drawn line.
func (b *progressBar) end() {
	if b.tty && b.shown != "" {
		fmt.Fprintln(b.out)
	}
	b.shown = ""
}
