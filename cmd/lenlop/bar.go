package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// bar shows progress: one line that is drawn over on a terminal, a line per
// tenth elsewhere. Standard output stays for the answer.
type bar struct {
	out   io.Writer
	tty   bool
	shown string
}

func newBar() *bar {
	st, err := os.Stderr.Stat()
	return &bar{out: os.Stderr, tty: err == nil && st.Mode()&os.ModeCharDevice != 0}
}

// show draws a stage with its fraction, 0 to 1.
func (b *bar) show(stage string, fraction float64) {
	const width = 30
	full := int(fraction*width + 0.5)
	line := fmt.Sprintf("%-8s [%s%s] %3.0f %%", stage, strings.Repeat("#", full), strings.Repeat(".", width-full), fraction*100)
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

// end leaves the drawn line.
func (b *bar) end() {
	if b.tty && b.shown != "" {
		fmt.Fprintln(b.out)
	}
	b.shown = ""
}
