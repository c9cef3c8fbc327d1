//go:build !long

package transcoder_test

// long is for make test-long.
const long = false
