package web_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"lenlop/services/schedule"
)

// channel makes a channel through its page and gives its id.
func (o *office) channel(d desk, name string) string {
	o.t.Helper()
	at := d.done("/station/channels/new", "name", name, "own", "yes", "timezone", "Asia/Ho_Chi_Minh")
	return regexp.MustCompile(`channel=([^&]+)`).FindStringSubmatch(at)[1]
}

func TestStationPlansInLocalTime(t *testing.T) {
	o := newOffice(t)
	l := o.published("lan", hostile)
	draft := o.draft("mai", "Chưa có bản ghi")
	dai := o.at("dai")
	has(t, dai.page("/station", 200), "Chưa có kênh nào")
	has(t, dai.post("/station/channels/new", 422, "name", "", "own", "no", "timezone", "Mặt trăng"),
		"không được để trống", "Không có múi giờ này", `value="Mặt trăng"`)
	ch := o.channel(dai, "Truyền hình tỉnh")
	has(t, dai.page("/station?channel="+ch+"&week=2026-04-15", 200), "Thứ Hai, 13/04/2026", "Chủ Nhật, 19/04/2026",
		"Chưa xếp bài nào")
	pick := dai.page("/station/airings/new?channel="+ch+"&day=2026-04-16", 200)
	has(t, pick, "Toán · Lớp 4")
	lacks(t, pick, draft.Title)
	has(t, dai.page("/station/airings/new?channel="+ch+"&grade=9", 200), "Không có bài nào sẵn sàng")
	has(t, dai.page("/station/airings/new?channel="+ch+"&day=2026-04-16&lesson="+l.ID, 200),
		`name="minutes" type="number"`, `value="25"`, `value="2026-04-16"`)
	plan := []string{"channelId", ch, "lessonId", l.ID, "day", "2026-04-16", "startsAt", "08:00", "minutes", "25",
		"houseNumber", "B-12"}
	at := dai.done("/station/airings/new", plan...)
	if at != "/station?channel="+ch+"&week=2026-04-13&done=planned" {
		t.Errorf("sent on to %s", at)
	}
	has(t, dai.page(at, 200), "08:00 – 08:25", "Đã xếp lịch", "Trong lịch")
	as, err := o.db.Schedule().Airings(context.Background(), schedule.Filter{Channel: ch})
	must(t, err)
	if len(as) != 1 || !as[0].StartsAt.Equal(time.Date(2026, 4, 16, 1, 0, 0, 0, time.UTC)) {
		t.Fatalf("airings = %+v", as)
	}
	body := dai.post("/station/airings/new", 409, "channelId", ch, "lessonId", l.ID, "day", "2026-04-16", "startsAt",
		"08:20", "minutes", "30", "houseNumber", "B-13")
	has(t, body, "Trùng giờ", "08:00 16/04/2026 – 08:25 16/04/2026", `value="08:20"`, `value="B-13"`)
	body = dai.post("/station/airings/new", 422, "channelId", ch, "lessonId", l.ID, "day", "2026-04-16", "startsAt",
		"25:99", "minutes", "500")
	has(t, body, "Hãy chọn ngày và giờ", `value="25:99"`)
	has(t, dai.post("/station/airings/new", 409, "channelId", ch, "lessonId", draft.ID, "day", "2026-04-16", "startsAt",
		"10:00", "minutes", "25"), "chưa sẵn sàng để phát sóng")
	one := "/station/airings/" + as[0].ID
	dai.done(one+"/plan", "channelId", ch, "lessonId", l.ID, "day", "2026-04-16", "startsAt", "08:30", "minutes", "20")
	has(t, dai.page(one, 200), "08:30 – 08:50")
	dai.done(one + "/remove")
	has(t, dai.page(at, 200), "Chưa xếp bài nào")
	dai.page(one, 404)
}

func TestStationSaysWhatHappenedAndHandsFiguresIn(t *testing.T) {
	o := newOffice(t)
	l := o.published("lan", "Phân số")
	dai := o.at("dai")
	ch := o.channel(dai, "Truyền hình tỉnh")
	dai.done("/station/airings/new", "channelId", ch, "lessonId", l.ID, "day", "2026-04-15", "startsAt", "10:00",
		"minutes", "25")
	as, err := o.db.Schedule().Airings(context.Background(), schedule.Filter{Channel: ch})
	must(t, err)
	one := "/station/airings/" + as[0].ID
	has(t, dai.page(one, 200), "Chưa đến giờ phát", "Chưa có số liệu")
	has(t, dai.post(one+"/as-run", 409, "outcome", "aired", "note", "giữ lại"), "chưa đến giờ", `value="giữ lại"`)
	o.now = time.Date(2026, 4, 15, 10, 10, 0, 0, zone)
	has(t, dai.page("/station", 200), "Đang phát")
	o.now = time.Date(2026, 4, 15, 12, 0, 0, 0, zone)
	has(t, dai.page("/station", 200), "Chờ xác nhận", "Còn 1 lượt phát")
	has(t, dai.post(one+"/as-run", 422, "outcome", "partial", "startedAt", "2026-04-15T10:05", "note", ""),
		"không được để trống", `value="2026-04-15T10:05"`)
	has(t, dai.post(one+"/as-run", 422, "outcome", "aired", "startedAt", "hôm qua"), "Hãy chọn ngày và giờ")
	dai.done(one+"/as-run", "outcome", "partial", "startedAt", "2026-04-15T10:05", "endedAt", "2026-04-15T10:20",
		"note", "Mất điện")
	has(t, dai.page(one, 200), "Phát một phần", "10:05 – 10:20, 15/04/2026", "Mất điện")
	figure := func(value, replaces string) []string {
		return []string{"metric", "contacts", "value", value, "unit", "persons", "grade", "E", "source",
			"Phiếu " + hostile, "method", "", "replaces", replaces}
	}
	for _, wrong := range []string{"", "nhiều", "-5", "1.5", "0x10", "NaN"} {
		has(t, dai.post(one+"/figures", 422, figure(wrong, "")...), `aria-invalid="true"`, "Phiếu =1+1",
			`value="`+wrong+`"`)
	}
	dai.done(one+"/figures", figure("5.700", "")...)
	body := dai.page(one, 200)
	has(t, body, "5.700 người", "Người dai nộp lúc 12:00 15/04/2026")
	has(t, dai.post(one+"/figures", 409, figure("6000", "")...), "5.700", `value="6000"`)
	row := regexp.MustCompile(`<option value="(id-\d+)"`).FindStringSubmatch(
		body[strings.Index(body, `name="replaces"`):])[1]
	dai.done(one+"/figures", figure("5 800", row)...)
	has(t, dai.page(one, 200), "<s>5.700</s>", "5.800", "đã được sửa bằng dòng 2", "sửa cho dòng 1")
	has(t, dai.post(one+"/remove", 409), "đã được xác nhận")
}

func TestStationIsForThoseWhoMay(t *testing.T) {
	o := newOffice(t)
	ch := o.channel(o.at("dai"), "Truyền hình tỉnh")
	for who, want := range map[string]int{"dai": 200, "so": 200, "quan": 200, "lan": 403, "hieu": 403,
		"em": 403, "": 401} {
		o.at(who).page("/station", want)
		o.at(who).page("/station/channels/"+ch, want)
	}
	for who, want := range map[string]int{"dai": 200, "so": 200, "quan": 403, "lan": 403, "em": 403, "": 401} {
		o.at(who).page("/station/airings/new", want)
	}
	lacks(t, o.at("quan").page("/station", 200), "/station/airings/new")
}
