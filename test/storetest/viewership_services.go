package storetest

import (
	"crypto/ed25519"
	"testing"
	"time"

	"lenlop/services/viewership"
	"lenlop/services/viewership/delivery"
	"lenlop/services/viewership/playback"
	"lenlop/services/viewership/television"
)

// Distinct names, so that several types called Service can be embedded.
type (
	playbackService   = playback.Service
	televisionService = television.Service
	deliveryService   = delivery.Service
)

// viewingServices are all services of viewing figures on one database.
type viewingServices struct {
	*viewership.Service
	*playbackService
	*televisionService
	*deliveryService
}

// newViewingServices creates the services on the stores.
func newViewingServices(t testing.TB, st ViewingStores, now func() time.Time, newID func() string) viewingServices {
	t.Helper()
	var s viewingServices
	var err error
	s.playbackService, err = playback.New(playback.Config{
		Store: st.Views, Retention: st.Views, Downloads: st.Views, Lessons: st.Lessons,
		Secret: []byte("a secret for the tests"), Location: hanoi, Now: now, NewID: newID,
		Atomic: st.Atomic, Audit: st.Audit, Wait: time.Microsecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.playbackService.Close)
	s.televisionService, err = television.New(television.Config{
		Figures: st.Figures, Imports: st.Imports, Staged: st.Staged, CheckIns: st.CheckIns, RollCalls: st.RollCalls,
		Classes: st.Classes,
		Lessons: st.Lessons, Facts: st.Views, Viewers: st.Views, Schedule: st.Schedule, Sheets: st.Sheets,
		Location: hanoi, Now: now, NewID: newID, Atomic: st.Atomic, Audit: st.Audit,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.deliveryService, err = delivery.New(delivery.Config{
		Store: st.Served, Watched: st.Views, Lengths: pieces{}, Location: hanoi, Now: now, NewID: newID,
		Atomic: st.Atomic, Audit: st.Audit,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Service, err = viewership.New(viewership.Config{
		Reader: st.Views, Downloads: st.Views, Television: s.televisionService, Classes: st.Classes,
		Participation: st.Views,
		Reports:       st.Reports, ReportKey: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
		Lessons:  st.Lessons,
		Schedule: st.Schedule, Location: hanoi, Now: now, NewID: newID, Atomic: st.Atomic, Audit: st.Audit,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
