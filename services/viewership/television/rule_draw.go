package television

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// DrawRule names the rule of this file.
const DrawRule = "class-draw/1"

// DrawClasses is class-draw/1: the classes of a frame in the order of the
// SHA-256 of the seed, a colon and the class's id; the first n are drawn. The
// order of the frame does not matter, so anybody can draw them again.
func DrawClasses(seed string, frame []string, n int) []string {
	type ticket struct{ id, hash string }
	tickets := make([]ticket, len(frame))
	for i, id := range frame {
		sum := sha256.Sum256([]byte(seed + ":" + id))
		tickets[i] = ticket{id, hex.EncodeToString(sum[:])}
	}
	slices.SortFunc(tickets, func(a, b ticket) int { return cmp.Compare(a.hash, b.hash) })
	out := make([]string, 0, n)
	for _, t := range tickets[:min(n, len(tickets))] {
		out = append(out, t.id)
	}
	return out
}

// FrameHash identifies the classes that were drawn from: the SHA-256, in hex,
// of their sorted ids, each with a line end.
func FrameHash(frame []string) string {
	h := sha256.New()
	for _, id := range slices.Sorted(slices.Values(frame)) {
		h.Write([]byte(id + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil))
}
