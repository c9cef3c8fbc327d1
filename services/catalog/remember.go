package catalog

import "sync"

// Memory keeps what an engine would else read for every query, for as long as
// the index is in the state that it was read at. States are names that the
// engine never uses twice, so that what was read in a transaction that was
// rolled back is not taken for a later state.
type Memory struct {
	mu                     sync.Mutex
	vocabulary             *Vocabulary
	counts                 []Count
	vocabularyAt, countsAt string
}

// Vocabulary of the state, read by read when it is not at hand. Several may
// read at once: waiting for one another while holding connections could
// exhaust a pool.
func (m *Memory) Vocabulary(state string, read func() (map[string]int, error)) (*Vocabulary, error) {
	m.mu.Lock()
	v, at := m.vocabulary, m.vocabularyAt
	m.mu.Unlock()
	if at == state {
		return v, nil
	}
	words, err := read()
	if err != nil {
		return nil, err
	}
	v = NewVocabulary(words)
	m.mu.Lock()
	m.vocabulary, m.vocabularyAt = v, state
	m.mu.Unlock()
	return v, nil
}

// Counts of the state, read by read when they are not at hand.
func (m *Memory) Counts(state string, read func() ([]Count, error)) ([]Count, error) {
	m.mu.Lock()
	c, at := m.counts, m.countsAt
	m.mu.Unlock()
	if at == state {
		return c, nil
	}
	c, err := read()
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	m.counts, m.countsAt = c, state
	m.mu.Unlock()
	return c, nil
}
