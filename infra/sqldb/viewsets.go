package sqldb

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"lenlop/services/viewership"
)

// A lesson's viewers of a day are kept as their numbers, sorted, each as the
// difference from the one before in a varint.

func packNumbers(numbers []uint64) []byte {
	b := make([]byte, 0, 2*len(numbers))
	var last uint64
	for _, n := range numbers {
		b = binary.AppendUvarint(b, n-last)
		last = n
	}
	return b
}

func unpackNumbers(b []byte, to []uint64) ([]uint64, error) {
	var last uint64
	for len(b) > 0 {
		d, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, fmt.Errorf("list of viewers: not a varint")
		}
		last += d
		to, b = append(to, last), b[n:]
	}
	return to, nil
}

// bitset is a set of small numbers.
type bitset []uint64

func (s *bitset) add(n uint64) {
	if need := int(n/64) + 1; need > len(*s) {
		*s = append(*s, make(bitset, need-len(*s)+need/4)...)
	}
	(*s)[n/64] |= 1 << (n % 64)
}

func (s bitset) len() int64 {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return int64(n)
}

type viewSetRow struct {
	bun.BaseModel `bun:"table:view_sets,alias:t"`

	LessonID string `bun:",pk"`
	Day      string `bun:",pk"`
	Viewers  []byte
}

// remember puts viewers into the sets of their lessons' days, and takes out
// those whose view no longer counts. Their totals' rows are locked by now.
func (s *Views) remember(ctx context.Context, changes []viewership.SetChange, numbers map[string]uint64) error {
	if len(changes) == 0 {
		return nil
	}
	type key struct{ lesson, day string }
	lessons, days := map[string]bool{}, map[string]bool{}
	sets := map[key][]uint64{}
	for _, c := range changes {
		lessons[c.LessonID], days[c.Day] = true, true
		sets[key{c.LessonID, c.Day}] = nil
	}
	var rows []viewSetRow
	err := s.db.Writer(ctx).NewSelect().Model(&rows).Where("lesson_id IN (?) AND day IN (?)", bun.List(keys(lessons)), bun.List(keys(days))).Scan(ctx)
	if err != nil {
		return wrap(err, "viewers of lessons")
	}
	for _, r := range rows {
		k := key{r.LessonID, r.Day}
		if _, ours := sets[k]; !ours {
			continue
		}
		if sets[k], err = unpackNumbers(r.Viewers, nil); err != nil {
			return fmt.Errorf("lesson %s on %s: %w", r.LessonID, r.Day, err)
		}
	}
	for _, c := range changes {
		k := key{c.LessonID, c.Day}
		i, found := slices.BinarySearch(sets[k], numbers[c.Viewer])
		switch {
		case c.In && !found:
			sets[k] = slices.Insert(sets[k], i, numbers[c.Viewer])
		case !c.In && found:
			sets[k] = slices.Delete(sets[k], i, i+1)
		}
	}
	rows = rows[:0]
	for k, list := range sets {
		rows = append(rows, viewSetRow{LessonID: k.lesson, Day: k.day, Viewers: packNumbers(list)})
	}
	slices.SortFunc(rows, func(a, b viewSetRow) int { return strings.Compare(a.LessonID+a.Day, b.LessonID+b.Day) })
	_, err = s.db.Writer(ctx).NewInsert().Model(&rows).On("CONFLICT (lesson_id, day) DO UPDATE").Exec(ctx)
	return wrap(err, "viewers of lessons")
}

// numbersOf gives viewers their numbers, new ones the next.
func (s *Views) numbersOf(ctx context.Context, changes []viewership.SetChange) (map[string]uint64, error) {
	set := map[string]bool{}
	for _, c := range changes {
		set[c.Viewer] = true
	}
	if len(set) == 0 {
		return nil, nil
	}
	var rows []viewerRow
	if err := s.db.Writer(ctx).NewSelect().Model(&rows).Where("id IN (?)", bun.List(keys(set))).Order("id").Scan(ctx); err != nil {
		return nil, wrap(err, "viewers")
	}
	numbers := make(map[string]uint64, len(rows))
	var unnumbered []viewerRow
	for _, r := range rows {
		if r.Number == 0 {
			unnumbered = append(unnumbered, r)
		}
		numbers[r.ID] = uint64(r.Number)
	}
	if len(unnumbered) == 0 {
		return numbers, nil
	}
	var last int64
	err := s.db.Writer(ctx).NewRaw(`INSERT INTO view_numbers (name, last) VALUES ('viewers', ?)
		ON CONFLICT (name) DO UPDATE SET last = view_numbers.last + EXCLUDED.last RETURNING last`, len(unnumbered)).Scan(ctx, &last)
	if err != nil {
		return nil, wrap(err, "viewers")
	}
	for i := range unnumbered {
		unnumbered[i].Number = last - int64(i)
		numbers[unnumbered[i].ID] = uint64(unnumbered[i].Number)
	}
	_, err = s.db.Writer(ctx).NewInsert().Model(&unnumbered).On("CONFLICT (id) DO UPDATE").Set("number = EXCLUDED.number").Exec(ctx)
	return numbers, wrap(err, "viewers")
}

// distinct counts the viewers of each group of a scope.
func (s *Views) distinct(ctx context.Context, key string, scope viewership.Scope) (map[string]int64, error) {
	q := s.db.Reader(ctx).NewSelect().TableExpr("view_sets AS x").ColumnExpr(key + " AS key").ColumnExpr("x.viewers").OrderExpr("1")
	if key != "x.lesson_id" && key != "x.day" && key != "''" || scope.Subject != "" || scope.School != "" || scope.Grade != 0 {
		q = q.Join("LEFT JOIN lessons AS l ON l.id = x.lesson_id")
	}
	rows, err := within(q, scope).Rows(ctx)
	if err != nil {
		return nil, wrap(err, "viewers")
	}
	defer rows.Close()
	counts := map[string]int64{}
	var set bitset
	var group string
	var packed []byte
	var numbers []uint64
	for rows.Next() {
		var k string
		if err := rows.Scan(&k, &packed); err != nil {
			return nil, wrap(err, "viewers")
		}
		if k != group {
			counts[group] = set.len()
			group = k
			clear(set)
		}
		if numbers, err = unpackNumbers(packed, numbers[:0]); err != nil {
			return nil, err
		}
		for _, n := range numbers {
			set.add(n)
		}
	}
	counts[group] = set.len()
	return counts, wrap(rows.Err(), "viewers")
}
