//go:build !long

package longtest

// Enabled reports whether the slow half runs, too.
const Enabled = false
