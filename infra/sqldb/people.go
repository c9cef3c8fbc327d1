package sqldb

import (
	"context"
	"database/sql"
	"strings"

	"github.com/uptrace/bun"

	"lenlop/services/fault"
	"lenlop/services/people"
)

// People keeps persons and their sign-ins: a people.Store.
type People struct{ db *DB }

// People is the store of persons and sessions.
func (d *DB) People() *People { return &People{d} }

var _ people.Store = (*People)(nil)

type personRow struct {
	bun.BaseModel `bun:"table:persons,alias:p"`

	ID           string `bun:",pk"`
	Username     string
	Name         string
	NameKey      string
	Folded       string
	PasswordHash string
	Active       bool
	Demo         bool
	CreatedAt    stamp
	Email        string
	Machine      bool
	// SecondStep is read with the row (secondStep) and written by Secrets.
	SecondStep bool `bun:",scanonly"`
}

// secondStep tells with a person's row whether they have an authenticator.
const secondStep = "EXISTS (SELECT 1 FROM second_steps AS x WHERE x.person_id = p.id) AS second_step"

type grantRow struct {
	bun.BaseModel `bun:"table:grants,alias:g"`

	PersonID string `bun:",pk"`
	Role     string `bun:",pk"`
	SchoolID string `bun:",pk"`
	Position int
}

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:s"`

	ID        string `bun:",pk"`
	Hash      string
	PersonID  string
	Kind      string
	UserAgent string
	Name      string
	Scopes    string
	CreatedAt stamp
	SeenAt    stamp
	ExpiresAt stamp
}

func (r *sessionRow) session() people.Session {
	ses := people.Session{
		ID: r.ID, Hash: r.Hash, PersonID: r.PersonID, Kind: people.SessionKind(r.Kind),
		UserAgent: r.UserAgent, Name: r.Name,
		CreatedAt: r.CreatedAt.Time(), SeenAt: r.SeenAt.Time(), ExpiresAt: r.ExpiresAt.Time(),
	}
	for a := range strings.FieldsSeq(r.Scopes) {
		ses.Scopes = append(ses.Scopes, people.Action(a))
	}
	return ses
}

// Person reads one person.
func (s *People) Person(ctx context.Context, id string) (people.Person, error) {
	return s.one(ctx, "id", id)
}

// ByUsername reads the person with the username, which is lower case.
func (s *People) ByUsername(ctx context.Context, username string) (people.Person, error) {
	return s.one(ctx, "username", username)
}

// one reads a person with their roles in one query: every request of somebody
// signed in does.
func (s *People) one(ctx context.Context, column, value string) (people.Person, error) {
	var rows []grantedRow
	err := s.db.Reader(ctx).NewRaw("SELECT p.*, "+secondStep+", g.role, g.school_id FROM persons AS p "+
		"LEFT JOIN grants AS g ON g.person_id = p.id WHERE p.? = ? ORDER BY g.position", bun.Ident(column),
		value).Scan(ctx, &rows)
	if err == nil && len(rows) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return people.Person{}, missing(err, "people.not_found", "person", value)
	}
	return granted(rows), nil
}

// grantedRow is a person with one of their roles, if they have any.
type grantedRow struct {
	personRow `bun:",extend"`

	Role     *string
	SchoolID *string
}

// granted is the person of the rows with the role of each.
func granted(rows []grantedRow) people.Person {
	var grants []people.Grant
	for _, r := range rows {
		if r.Role != nil {
			grants = append(grants, people.Grant{Role: people.Role(*r.Role), School: *r.SchoolID})
		}
	}
	return rows[0].person(grants)
}

// PersonNames reads the names of those of the persons that exist, by id.
func (s *People) PersonNames(ctx context.Context, ids []string) (map[string]string, error) {
	var rows []struct{ ID, Name string }
	err := s.db.Reader(ctx).NewSelect().Table("persons").Column("id", "name").Where("id IN (?)",
		bun.List(ids)).Scan(ctx, &rows)
	names := make(map[string]string, len(rows))
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	return names, wrap(err, "names of persons")
}

// withGrants turns rows into persons, with the roles of all of them read at once.
func (s *People) withGrants(ctx context.Context, rows []personRow) ([]people.Person, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	var held []grantRow
	err := s.db.Reader(ctx).NewSelect().Model(&held).Where("person_id IN (?)", bun.List(ids)).Order("person_id",
		"position").Scan(ctx)
	if err != nil {
		return nil, wrap(err, "grants")
	}
	of := make(map[string][]people.Grant, len(rows))
	for _, g := range held {
		of[g.PersonID] = append(of[g.PersonID], people.Grant{Role: people.Role(g.Role), School: g.SchoolID})
	}
	list := make([]people.Person, len(rows))
	for i, r := range rows {
		list[i] = r.person(of[r.ID])
	}
	return list, nil
}

func (r *personRow) person(grants []people.Grant) people.Person {
	return people.Person{
		ID: r.ID, Username: r.Username, Name: r.Name, Grants: grants, PasswordHash: r.PasswordHash,
		Active: r.Active, Demo: r.Demo, CreatedAt: r.CreatedAt.Time(), Email: r.Email, Machine: r.Machine,
		SecondStep: r.SecondStep,
	}
}

// SavePerson adds or replaces a person with their roles.
func (s *People) SavePerson(ctx context.Context, p people.Person) error {
	return s.db.Atomically(ctx, func(ctx context.Context) error {
		w := s.db.Writer(ctx)
		_, err := w.NewInsert().Model(&personRow{
			ID: p.ID, Username: p.Username, Name: p.Name, NameKey: nameKey(p.Name),
			Folded: foldedWords(p.Name, p.Username), PasswordHash: p.PasswordHash,
			Active: p.Active, Demo: p.Demo, CreatedAt: stamp(p.CreatedAt), Email: p.Email, Machine: p.Machine,
		}).On("CONFLICT (id) DO UPDATE").Exec(ctx)
		if duplicate(err, "persons_username", "persons.username") {
			return fault.Wrap(err, fault.Conflict, "people.username_taken", "username", p.Username)
		}
		if duplicate(err, "persons_email", "persons.email") {
			return fault.Wrap(err, fault.Conflict, "people.email_taken", "email", p.Email)
		}
		if err != nil {
			return wrap(err, "person", p.ID)
		}
		if _, err := w.NewDelete().Model((*grantRow)(nil)).Where("person_id = ?", p.ID).Exec(ctx); err != nil {
			return wrap(err, "person", p.ID, "grants")
		}
		if len(p.Grants) == 0 {
			return nil
		}
		rows := make([]grantRow, len(p.Grants))
		for i, g := range p.Grants {
			rows[i] = grantRow{PersonID: p.ID, Role: string(g.Role), SchoolID: g.School, Position: i}
		}
		_, err = w.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Exec(ctx)
		return wrap(err, "person", p.ID, "grants")
	})
}

// Persons lists by name as Vietnamese lists do: given name first.
func (s *People) Persons(ctx context.Context, role people.Role, after string, limit int) ([]people.Person, error) {
	return s.Find(ctx, people.Search{Role: role, After: after, Limit: limit})
}

// SaveSession adds a session, or changes one that is still there. A session
// that has been seen since it began is never added: a request that was under
// way while its session was ended must not bring it back.
func (s *People) SaveSession(ctx context.Context, ses people.Session) error {
	scopes := make([]string, len(ses.Scopes))
	for i, a := range ses.Scopes {
		scopes[i] = string(a)
	}
	r := &sessionRow{
		ID: ses.ID, Hash: ses.Hash, PersonID: ses.PersonID, Kind: string(ses.Kind), UserAgent: ses.UserAgent,
		Name:      ses.Name,
		Scopes:    strings.Join(scopes, " "),
		CreatedAt: stamp(ses.CreatedAt), SeenAt: stamp(ses.SeenAt), ExpiresAt: stamp(ses.ExpiresAt),
	}
	var err error
	if ses.SeenAt.After(ses.CreatedAt) {
		_, err = s.db.Writer(ctx).NewUpdate().Model(r).WherePK().Exec(ctx)
	} else {
		_, err = s.db.Writer(ctx).NewInsert().Model(r).On("CONFLICT (id) DO UPDATE").Exec(ctx)
	}
	return wrap(err, "session", ses.ID)
}

// SessionByHash reads the session whose secret has the hash.
func (s *People) SessionByHash(ctx context.Context, hash string) (people.Session, error) {
	var r sessionRow
	if err := s.db.Reader(ctx).NewSelect().Model(&r).Where("hash = ?", hash).Scan(ctx); err != nil {
		return people.Session{}, missing(err, "people.not_found", "session")
	}
	return r.session(), nil
}

// SessionPerson reads the session whose secret has the hash, and its person.
func (s *People) SessionPerson(ctx context.Context, hash string) (people.Session, people.Person, error) {
	var rows []struct {
		grantedRow `bun:",extend"`

		Session sessionRow `bun:"embed:s_"`
	}
	err := s.db.Reader(ctx).NewRaw(
		"SELECT s.id AS s_id, s.hash AS s_hash, s.person_id AS s_person_id, s.kind AS s_kind, "+
			"s.user_agent AS s_user_agent, s.name AS s_name, s.scopes AS s_scopes, s.created_at AS s_created_at, "+
			"s.seen_at AS s_seen_at, s.expires_at AS s_expires_at, p.*, "+secondStep+", g.role, g.school_id "+
			"FROM sessions AS s JOIN persons AS p ON p.id = s.person_id LEFT JOIN grants AS g ON g.person_id = p.id "+
			"WHERE s.hash = ? ORDER BY g.position", hash).Scan(ctx, &rows)
	if err == nil && len(rows) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return people.Session{}, people.Person{}, missing(err, "people.not_found", "session")
	}
	person := make([]grantedRow, len(rows))
	for i := range rows {
		person[i] = rows[i].grantedRow
	}
	return rows[0].Session.session(), granted(person), nil
}

// Sessions lists a person's, newest first.
func (s *People) Sessions(ctx context.Context, person string) ([]people.Session, error) {
	var rows []sessionRow
	err := s.db.Reader(ctx).NewSelect().Model(&rows).Where("person_id = ?", person).Order("created_at DESC",
		"id DESC").Scan(ctx)
	if err != nil {
		return nil, wrap(err, "sessions of", person)
	}
	list := make([]people.Session, len(rows))
	for i := range rows {
		list[i] = rows[i].session()
	}
	return list, nil
}

// OpenSessions returns those of the session ids that exist, in one query.
func (s *People) OpenSessions(ctx context.Context, ids []string) ([]string, error) {
	var open []string
	err := s.db.Reader(ctx).NewSelect().Model((*sessionRow)(nil)).Column("id").Where("id IN (?)",
		bun.List(ids)).Scan(ctx, &open)
	return open, wrap(err, "sessions")
}

// EndSessions removes the person's sessions with the ids, or all of them.
func (s *People) EndSessions(ctx context.Context, person string, ids ...string) error {
	q := s.db.Writer(ctx).NewDelete().Model((*sessionRow)(nil)).Where("person_id = ?", person)
	if len(ids) > 0 {
		q = q.Where("id IN (?)", bun.List(ids))
	}
	_, err := q.Exec(ctx)
	return wrap(err, "sessions of", person)
}
