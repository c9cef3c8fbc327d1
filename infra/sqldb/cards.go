package sqldb

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"lenlop/services/school"
)

var _ school.CardStore = (*Classes)(nil)

type cardRow struct {
	bun.BaseModel `bun:"table:cards,alias:k"`

	PersonID string `bun:",pk"`
	Hash     string
	MadeAt   stamp
}

// SaveCards keeps cards over those that the students had.
func (s *Classes) SaveCards(ctx context.Context, cards []school.KeptCard) error {
	if len(cards) == 0 {
		return nil
	}
	rows := make([]cardRow, len(cards))
	for i, c := range cards {
		rows[i] = cardRow{PersonID: c.PersonID, Hash: c.Hash, MadeAt: stamp(c.MadeAt)}
	}
	_, err := s.db.Writer(ctx).NewInsert().Model(&rows).On("CONFLICT (person_id) DO UPDATE").Exec(ctx)
	return wrap(err, "cards")
}

// CardsOf returns when the cards of the class's students were made, by person.
func (s *Classes) CardsOf(ctx context.Context, class, day string) (map[string]time.Time, error) {
	var rows []cardRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).
		Where("k.person_id IN (SELECT e.person_id FROM lasting_enrolments AS e WHERE e.class_id = ? AND "+onDay+")",
			class, day, day).Scan(ctx)
	if err != nil {
		return nil, wrap(err, "cards of class", class)
	}
	out := make(map[string]time.Time, len(rows))
	for _, r := range rows {
		out[r.PersonID] = r.MadeAt.Time()
	}
	return out, nil
}

// ByCard returns the student of the class with the join code whose card has the hash.
func (s *Classes) ByCard(ctx context.Context, joinCode, hash, day string) (string, error) {
	var id string
	err := s.db.Reader(ctx).NewRaw(
		"SELECT e.person_id FROM classes JOIN lasting_enrolments AS e ON e.class_id = classes.id "+
			"JOIN cards AS k ON k.person_id = e.person_id WHERE classes.door = ? AND k.hash = ? AND "+onDay+" LIMIT 1",
		joinCode, hash, day, day).Scan(ctx, &id)
	return id, missing(err, "card.unknown", "card")
}

// Left returns students who have been in no class since a day.
func (s *Classes) Left(ctx context.Context, before time.Time, day string, limit int) (ids []string, err error) {
	err = s.db.Reader(ctx).NewRaw("SELECT st.person_id FROM students AS st JOIN persons AS p ON p.id = st.person_id "+
		"WHERE st.batch = '' AND p.created_at < ? "+
		"AND NOT EXISTS (SELECT 1 FROM grants AS g WHERE g.person_id = st.person_id AND g.role <> 'student') "+
		"AND NOT EXISTS (SELECT 1 FROM enrolments AS e WHERE e.person_id = st.person_id AND (e.batch <> '' OR e.gone_batch <> '')) "+
		"AND NOT EXISTS (SELECT 1 FROM lasting_enrolments AS e WHERE e.person_id = st.person_id AND (e.to_day = '' OR e.to_day >= ?)) "+
		"ORDER BY st.person_id LIMIT ?", stamp(before), day, limit).Scan(ctx, &ids)
	return ids, wrap(err, "students who left")
}

// EndCards removes at most limit cards of those who are in no class on the
// day; done says that none is left.
func (s *Classes) EndCards(ctx context.Context, day string, limit int) (done bool, err error) {
	res, err := s.db.Writer(ctx).NewRaw(
		"DELETE FROM cards WHERE person_id IN (SELECT k.person_id FROM cards AS k WHERE NOT EXISTS ("+
			"SELECT 1 FROM lasting_enrolments AS e WHERE e.person_id = k.person_id AND (e.to_day = '' OR e.to_day >= ?)) LIMIT ?)", day, limit).Exec(ctx)
	if err != nil {
		return false, wrap(err, "cards")
	}
	n, err := res.RowsAffected()
	return n == 0, wrap(err, "cards")
}
