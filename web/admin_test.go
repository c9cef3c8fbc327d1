package web_test

import (
	"context"
	"regexp"
	"testing"
	"time"

	"lenlop/services/job"
	"lenlop/services/people"
	"lenlop/web/admin"
)

func TestAdministratorSeesWhatIsBroken(t *testing.T) {
	o := newOffice(t)
	quan := o.at("quan")
	has(t, quan.page("/admin", 200), "Mọi thứ đang chạy tốt", "Cơ sở dữ liệu", "SQLite", "Không có việc nào bị kẹt")
	o.health = append(o.health, admin.Part{Name: "storage", Err: errBroken})
	has(t, quan.page("/admin", 200), "Có phần đang hỏng", "Kho tệp", "Hỏng", "ổ đĩa đầy")
	for _, who := range []string{"lan", "hieu", "so", "dai", "em"} {
		for _, path := range []string{"/admin", "/admin/jobs", "/admin/people", "/admin/schools"} {
			o.at(who).page(path, 403)
		}
		o.at(who).post("/admin/people", 403, "username", "x", "name", "X", "role", "admin")
	}
	o.at("").page("/admin", 401)
}

func TestAdministratorRunsAParkedJobAgain(t *testing.T) {
	o := newOffice(t)
	ctx := context.Background()
	jobs := o.db.Jobs()
	must(t, jobs.Add(ctx, job.New{Args: probeArgs{"l1"}, Subject: "lesson:l1"}))
	j, err := jobs.Claim(ctx, "w", []string{"probe"}, time.Minute)
	must(t, err)
	must(t, jobs.Finish(ctx, j.ID, j.Token, job.Parked, "ffmpeg "+hostile, time.Time{}))
	quan := o.at("quan")
	has(t, quan.page("/admin", 200), "1 việc hỏng nhiều lần")
	has(t, quan.page("/admin/jobs", 200), "probe", "lesson:l1", "ffmpeg =1+1", "/admin/jobs/"+j.ID+"/retry")
	quan.done("/admin/jobs/" + j.ID + "/retry")
	has(t, quan.page("/admin/jobs?state=waiting", 200), "probe", "Dừng")
	quan.done("/admin/jobs/" + j.ID + "/park")
	quan.post("/admin/jobs/"+j.ID+"/park", 409)
	has(t, quan.page("/admin/jobs", 200), "set aside by hand", "/admin/jobs/"+j.ID+"/retry")
	quan.done("/admin/jobs/" + j.ID + "/retry")
	quan.done("/admin/jobs/cancel", "subject", "lesson:l1", "state", "waiting")
	has(t, quan.page("/admin/jobs?state=waiting", 200), "Không có việc nào")
	quan.post("/admin/jobs/cancel", 422, "subject", "")
	quan.post("/admin/jobs/khong-co/retry", 404)
	log, err := o.db.Audit().BySubject(ctx, "lesson:l1", 10)
	must(t, err)
	if len(log) != 1 || log[0].Actor != "quan" || log[0].Action != string(people.ManageQueue) {
		t.Errorf("audit = %+v", log)
	}
}

func TestAdministratorMakesAndDeactivatesPeople(t *testing.T) {
	o := newOffice(t)
	ctx := context.Background()
	quan := o.at("quan")
	body := quan.post("/admin/people", 422, "username", "Cô Hoa", "name", hostile, "role", "teacher", "school", "",
		"password", "ngan")
	has(t, body, "chữ thường không dấu", "Hãy chọn trường", "ít nhất 8 ký tự", `value="Cô Hoa"`)
	lacks(t, body, "ngan\"")
	has(t, quan.post("/admin/people", 409, "username", "LAN", "name", "Lan khác", "role", "teacher", "school", "s1"),
		"đã có người dùng", `value="Lan khác"`)
	has(t, quan.post("/admin/people", 422, "username", "phong", "name", "Phòng", "role", "reviewer", "school", "s1"),
		"bỏ chọn trường")
	body = quan.post("/admin/people", 200, "username", "Hoa.Nguyen", "name", " Nguyễn  Thị Hoa ", "role", "teacher",
		"school", "s2")
	has(t, body, "Nguyễn Thị Hoa", "hoa.nguyen")
	password := regexp.MustCompile(`<code>([a-z2-9-]{19})</code>`).FindStringSubmatch(body)[1]
	secret, _, p, err := o.people.SignIn(ctx, "hoa.nguyen", password, people.Browser, "")
	must(t, err)
	if !p.At(people.Teacher, "s2") {
		t.Errorf("grants = %+v", p.Grants)
	}
	lacks(t, quan.page("/admin/people", 200), password)
	quan.done("/admin/people/"+p.ID+"/active", "active", "no")
	desk{o: o, cookie: secret}.page("/teacher", 401)
	has(t, quan.page("/admin/people?role=teacher", 200), "Đã khoá", "Mở lại")
	quan.done("/admin/people/"+p.ID+"/active", "active", "yes")
	body = quan.post("/admin/people/"+p.ID+"/password", 200)
	again := regexp.MustCompile(`<code>([a-z2-9-]{19})</code>`).FindStringSubmatch(body)[1]
	if _, _, _, err := o.people.SignIn(ctx, "hoa.nguyen", password, people.Browser, ""); err == nil {
		t.Error("the old password is still accepted")
	}
	_, _, _, err = o.people.SignIn(ctx, "hoa.nguyen", again, people.Browser, "")
	must(t, err)
	has(t, quan.post("/admin/people/quan/active", 409, "active", "no"), "không thể tự khoá")
	quan.page("/admin", 200)
}

func TestAdministratorKeepsSchools(t *testing.T) {
	o := newOffice(t)
	quan := o.at("quan")
	body := quan.post("/admin/schools", 422, "name", "Trường Mới", "code", "th01", "level", "primary")
	has(t, body, "Mã này đã có trường khác dùng", `value="Trường Mới"`)
	has(t, quan.post("/admin/schools", 422, "name", "", "code", "có dấu", "level", "đại học"), "không được để trống",
		"Mã trường chỉ gồm", "Hãy chọn một cấp học")
	quan.done("/admin/schools", "name", hostile, "code", "th03", "level", "mixed")
	has(t, quan.page("/admin/schools?done=school", 200), "TH03", "Nhiều cấp học", "Đã lưu trường")
	quan.done("/admin/schools/s1", "name", "Trường Bản Mẫu 2", "code", "TH01", "level", "lower_secondary")
	has(t, quan.page("/admin/schools", 200), "Trường Bản Mẫu 2", "Trung học cơ sở")
	has(t, quan.post("/admin/schools/s1", 422, "name", "Trường Bản Mẫu 2", "code", "TH02", "level", "primary"),
		"Mã này đã có trường khác dùng")
	quan.page("/admin/schools/khong-co", 404)
}
