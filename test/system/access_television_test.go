package system

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lenlop/services/schedule"
	"lenlop/services/viewership/television"
	"lenlop/test/testclock"
	"lenlop/web/api"
)

// otherChannel is a new channel of somebody else's.
func (w *world) otherChannel() string {
	id := w.next("kenh-khac-")
	c := schedule.Channel{ID: id, Name: "Kênh khác " + id, Timezone: "Asia/Ho_Chi_Minh", CreatedAt: testclock.Now()}
	if err := w.h.App.DB.Schedule().SaveChannel(context.Background(), c); err != nil {
		w.h.T.Fatal(err)
	}
	return id
}

// listing is a guide of one programme tomorrow.
func (w *world) listing() string {
	start := testclock.Now().Add(24 * time.Hour).UTC()
	return fmt.Sprintf(
		`<tv><programme start="%s +0000" stop="%s +0000" channel="%s"><title>Toán lớp 9: Bài khác</title></programme></tv>`,
		start.Format("20060102150405"), start.Add(time.Hour).Format("20060102150405"), w.next("k"))
}

func (w *world) guide() string {
	p, err := w.h.App.Schedule.PreviewGuide(context.Background(), w.station(), w.otherChannel(), "lich.xml",
		[]byte(w.listing()), schedule.GuideOptions{})
	if err != nil {
		w.h.T.Fatal(err)
	}
	return p.Guide.ID
}

// minuteSheet is an operator's file of a confirmed airing.
func (w *world) minuteSheet() (channel, sheet string) {
	_, a := w.airing()
	a.Outcome, a.StartedAt, a.EndedAt = schedule.Aired, a.StartsAt, a.EndsAt
	if err := w.h.App.DB.Schedule().SaveAiring(context.Background(), a); err != nil {
		w.h.T.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("Ngày,Giờ,Số hộ\n")
	for at := a.StartedAt.In(w.h.App.Zone).Truncate(time.Minute); at.Before(a.EndedAt); at = at.Add(time.Minute) {
		fmt.Fprintf(&b, "%s,%s,%d\n", at.Format("02/01/2006"), at.Format("15:04"), 1000)
	}
	return a.ChannelID, b.String() + w.next(",") + "\n"
}

func (w *world) minuteImport() string {
	channel, sheet := w.minuteSheet()
	p, err := w.h.App.Television.PreviewMinutes(context.Background(), w.station(), "phut.csv", []byte(sheet),
		television.ImportDefaults{ChannelID: channel, Source: "IPTV", Share: 0.3})
	if err != nil {
		w.h.T.Fatal(err)
	}
	return p.Import.ID
}

// accessLog is a cache's log with one segment of a lesson.
func (w *world) accessLog() string {
	return fmt.Sprintf(
		"10.0.0.1 - - [%s] \"GET /watch/%s/p1/360p/0-1/0.m4s HTTP/1.1\" 200 1000 \"-\" \"Mozilla/5.0\"\n",
		testclock.Now().Format("02/Jan/2006:15:04:05 -0700"), w.next("l"))
}

// fillFile writes the requests of television that send files.
func (w *world) fillFile(q *asked, r accessRow) bool {
	switch strings.Replace(r.route(), api.Base, "", 1) {
	case "POST /station/guides":
		q.body, q.kind = multipartFile("lich.xml", w.listing(), map[string]string{"channelId": w.otherChannel()})
	case "POST /station/minutes", "POST /minute-imports":
		channel, sheet := w.minuteSheet()
		share := "0.3"
		if strings.HasPrefix(r.path, "/station") {
			share = "30"
		}
		q.body, q.kind = multipartFile("phut.csv", sheet,
			map[string]string{"channel": channel, "channelId": channel, "source": "IPTV", "share": share})
	case "POST /channels/:channel/xmltv":
		q.path = api.Base + "/channels/" + w.otherChannel() + "/xmltv"
		q.body, q.kind = w.listing(), "application/xml"
	case "POST /department/reconciliation":
		q.body, q.kind = multipartFile("access.log", w.accessLog(), nil)
	default:
		return false
	}
	return true
}
