//go:build long

package transcoder_test

// long runs the slow proofs too: make test-long.
const long = true
