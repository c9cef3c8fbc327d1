package viewstore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"lenlop/infra/sqldb"
	"lenlop/services/viewership"
	"lenlop/services/viewership/disclosure"
	"lenlop/services/viewership/playback"
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

// updateSets adds viewers to the sets of their lessons' days, and removes those
// whose view no longer counts. Their totals' rows are locked by now.
func (s *Views) updateSets(ctx context.Context, changes []playback.SetChange, numbers map[string]uint64) error {
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
	err := s.db.Writer(ctx).NewSelect().Model(&rows).Where("lesson_id IN (?) AND day IN (?)", bun.List(keys(lessons)),
		bun.List(keys(days))).Scan(ctx)
	if err != nil {
		return sqldb.WrapError(err, "viewers of lessons")
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
	return sqldb.WrapError(err, "viewers of lessons")
}

// numbersOf gives viewers' numbers, and assigns the next ones to new viewers.
func (s *Views) numbersOf(ctx context.Context, changes []playback.SetChange) (map[string]uint64, error) {
	set := map[string]bool{}
	for _, c := range changes {
		set[c.Viewer] = true
	}
	if len(set) == 0 {
		return nil, nil
	}
	var rows []viewerRow
	if err := s.db.Writer(ctx).NewSelect().Model(&rows).Where("id IN (?)",
		bun.List(keys(set))).Order("id").Scan(ctx); err != nil {
		return nil, sqldb.WrapError(err, "viewers")
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
		ON CONFLICT (name) DO UPDATE SET last = view_numbers.last + EXCLUDED.last RETURNING last`,
		len(unnumbered)).Scan(ctx, &last)
	if err != nil {
		return nil, sqldb.WrapError(err, "viewers")
	}
	for i := range unnumbered {
		unnumbered[i].Number = last - int64(i)
		numbers[unnumbered[i].ID] = uint64(unnumbered[i].Number)
	}
	_, err = s.db.Writer(ctx).NewInsert().Model(&unnumbered).On("CONFLICT (id) DO UPDATE").Set(
		"number = EXCLUDED.number").Exec(ctx)
	return numbers, sqldb.WrapError(err, "viewers")
}

// packedSets are the sets of a scope by group, packed as they are stored: two
// bytes a view, however many viewers there are.
type packedSets map[string]*[]byte

func (p packedSets) put(group string, packed []byte) {
	all := p[group]
	if all == nil {
		all = new([]byte)
		p[group] = all
	}
	*all = append(binary.AppendUvarint(*all, uint64(len(packed))), packed...)
}

// each calls fn with the distinct viewers of each group. The set is reused for
// the next group.
func (p packedSets) each(fn func(group string, set bitset)) error {
	var set bitset
	for group, all := range p {
		clear(set)
		for b := *all; len(b) > 0; {
			n, k := binary.Uvarint(b)
			if err := set.unpack(b[k : k+int(n)]); err != nil {
				return err
			}
			b = b[k+int(n):]
		}
		fn(group, set)
	}
	return nil
}

// sets reads a scope's sets once, in no order, with the groups of their rows.
func (s *Views) sets(ctx context.Context, scope playback.Scope,
	group func(lesson, day []byte) string) (packedSets, error) {
	q := s.db.Reader(ctx).NewSelect().TableExpr("view_sets AS x").ColumnExpr("x.lesson_id, x.day, x.viewers")
	if narrowed(scope) {
		q = q.Join("JOIN lessons AS l ON l.id = x.lesson_id")
	}
	rows, err := within(q, scope).Rows(ctx)
	if err != nil {
		return nil, sqldb.WrapError(err, "viewers")
	}
	defer rows.Close()
	p := packedSets{}
	var lesson, day, packed sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&lesson, &day, &packed); err != nil {
			return nil, sqldb.WrapError(err, "viewers")
		}
		p.put(group(lesson, day), packed)
	}
	return p, sqldb.WrapError(rows.Err(), "viewers")
}

// unpack adds a list of numbers.
func (s *bitset) unpack(b []byte) error {
	var n uint64
	for len(b) > 0 {
		d, k := binary.Uvarint(b)
		if k <= 0 {
			return fmt.Errorf("list of viewers: not a varint")
		}
		n, b = n+d, b[k:]
		s.add(n)
	}
	return nil
}

// join adds another set.
func (s *bitset) join(o bitset) {
	if len(o) > len(*s) {
		*s = append(*s, make(bitset, len(o)-len(*s))...)
	}
	for i, w := range o {
		(*s)[i] |= w
	}
}

func (s bitset) has(n uint64) bool { return int(n/64) < len(s) && s[n/64]&(1<<(n%64)) != 0 }

// numbers lists a set.
func (s bitset) numbers() []uint64 {
	var out []uint64
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			out = append(out, uint64(i)*64+uint64(bits.TrailingZeros64(w)))
		}
	}
	return out
}

// counts are the numbers of distinct viewers of groups; of groups below the
// disclosure threshold also which viewers, so that the persons can be found.
type counts struct {
	of  map[string]int64
	few map[string][]uint64
}

func newCounts() counts { return counts{map[string]int64{}, map[string][]uint64{}} }

func (c counts) add(group string, set bitset) {
	n := set.len()
	if c.of[group] = n; n > 0 && n < disclosure.Threshold {
		c.few[group] = set.numbers()
	}
}

// named finds the persons among the viewers of small groups, with
// scope.MarkPersons.
func (s *Views) named(ctx context.Context, scope playback.Scope, all ...counts) (map[uint64]bool, error) {
	persons := map[uint64]bool{}
	if !scope.MarkPersons {
		return persons, nil
	}
	wanted := map[uint64]bool{}
	for _, c := range all {
		for _, few := range c.few {
			for _, n := range few {
				wanted[n] = true
			}
		}
	}
	list := make([]uint64, 0, len(wanted))
	for n := range wanted {
		list = append(list, n)
	}
	for part := range slices.Chunk(list, 500) {
		var found []uint64
		err := s.db.Reader(ctx).NewSelect().TableExpr("viewers AS v").ColumnExpr("v.number").
			Where("v.number IN (?) AND v.id LIKE 'p:%'", bun.List(part)).Scan(ctx, &found)
		if err != nil {
			return nil, sqldb.WrapError(err, "viewers")
		}
		for _, n := range found {
			persons[n] = true
		}
	}
	return persons, nil
}

func (c counts) named(group string, persons map[uint64]bool) bool {
	return slices.ContainsFunc(c.few[group], func(n uint64) bool { return persons[n] })
}

// byArea sums a scope by area, each with all areas below it, and by the schools
// right in it.
func (s *Views) byArea(ctx context.Context, scope playback.Scope) ([]playback.Sums, playback.Sums, error) {
	places, err := s.Places(ctx)
	if err != nil {
		return nil, playback.Sums{}, err
	}
	parent, areaOf := map[string]string{}, map[string]string{}
	for _, a := range places.Areas {
		parent[a.ID] = a.Parent
	}
	for _, c := range places.Schools {
		if _, known := parent[c.AreaID]; known {
			areaOf[c.ID] = c.AreaID
		}
	}
	line := func(schoolID string) []string {
		var out []string
		for at := areaOf[schoolID]; at != "" && !slices.Contains(out, at); at = parent[at] {
			if _, known := parent[at]; !known {
				break
			}
			out = append(out, at)
		}
		if out == nil {
			out = []string{""}
		}
		return out
	}
	areas := newCounts()
	sets := map[string]*bitset{}
	g, err := s.gather(ctx, viewership.BySchool, scope, func(id string, set bitset) {
		for _, a := range line(id) {
			if sets[a] == nil {
				sets[a] = &bitset{}
			}
			sets[a].join(set)
		}
	})
	if err != nil {
		return nil, playback.Sums{}, err
	}
	for a, set := range sets {
		areas.add(a, *set)
	}
	persons, err := s.named(ctx, scope, g.seen, g.all, areas)
	if err != nil {
		return nil, playback.Sums{}, err
	}
	all := map[string]*playback.Sums{}
	for _, x := range g.list(persons) {
		for i, a := range line(x.Key) {
			if all[a] == nil {
				all[a] = &playback.Sums{Key: a, Viewers: areas.of[a], HasPersons: areas.named(a, persons)}
			}
			all[a].Add(x.Total)
			if i == 0 {
				all[a].Schools = append(all[a].Schools, x)
			}
		}
	}
	list := make([]playback.Sums, 0, len(all))
	for _, a := range slices.Sorted(maps.Keys(all)) {
		list = append(list, *all[a])
	}
	return list, g.whole(persons), nil
}
