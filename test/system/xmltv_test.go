package system

import (
	"context"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"lenlop/test/testclock"

	"lenlop/test/system/harness"
)

// TestAnybodyReadsAChannelsGuide: set-top boxes have no account.
func TestAnybodyReadsAChannelsGuide(t *testing.T) {
	h := start(t, nil)
	w := newWorld(h)
	_, a := w.airing()
	guide := "/api/v1/channels/" + a.ChannelID + "/xmltv?from=" + a.StartsAt.In(h.App.Zone).Format(time.DateOnly)
	var tv struct {
		Programme []struct {
			Start string `xml:"start,attr"`
			Title string `xml:"title"`
		} `xml:"programme"`
	}
	status, head, body := h.As("").Get(guide)
	if status != 200 || !strings.HasPrefix(head.Get("Content-Type"), "application/xml") {
		t.Fatalf("%d %s: %s", status, head.Get("Content-Type"), harness.Brief(body))
	}
	if err := xml.Unmarshal(body, &tv); err != nil {
		t.Fatal(err)
	}
	if len(tv.Programme) != 1 || tv.Programme[0].Title != "Bài published" ||
		tv.Programme[0].Start != a.StartsAt.In(h.App.Zone).Format("20060102150405 -0700") {
		t.Errorf("guide %+v", tv)
	}
	l, err := h.App.DB.Lessons().Lesson(context.Background(), a.LessonID)
	if err != nil {
		t.Fatal(err)
	}
	l.DeletedAt = testclock.Now()
	if err := h.App.DB.Lessons().Save(context.Background(), l); err != nil {
		t.Fatal(err)
	}
	if _, _, body = h.As("").Get(guide); strings.Contains(string(body), "Bài published") {
		t.Error("the guide names a lesson that is in the bin")
	}
	h.As("").Refused("GET", "/channels/khong-co/xmltv", nil, 404, "channel.not_found")
	h.As("").Refused("GET", "/channels/"+a.ChannelID+"/xmltv?from=2026-01-01&to=2027-01-01", nil, 422,
		"schedule.bad_period")
}
