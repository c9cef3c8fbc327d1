// Package titles makes believable lessons and the queries of students, for exams
// and benchmarks of search.
package titles

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"lenlop/services/catalog"
)

// topics of one subject in the words that teachers use for titles (general
// curriculum of 2018), with the grades that are taught it.
type topics struct {
	code, name string
	from, to   int
	list       []string
}

var curriculum = []topics{
	{"toan", "Toán", 1, 5, []string{"Phép cộng trong phạm vi 100", "Phép trừ có nhớ", "Bảng nhân 7",
		"Chia cho số có một chữ số", "Chu vi hình chữ nhật", "Diện tích hình vuông", "Phân số bằng nhau", "Xem đồng hồ",
		"So sánh các số có ba chữ số", "Đề-xi-mét khối", "Tỉ số phần trăm", "Giải bài toán có lời văn", "Số thập phân",
		"Hình tam giác"}},
	{"toan", "Toán", 6, 9, []string{"Hàm số bậc nhất", "Hàm số y = ax²", "Phương trình bậc hai một ẩn",
		"Hệ hai phương trình bậc nhất hai ẩn", "Căn bậc hai", "Định lí Py-ta-go", "Đường tròn ngoại tiếp tam giác",
		"Tứ giác nội tiếp", "Góc ở tâm", "Số nguyên âm", "Ước chung lớn nhất", "Hằng đẳng thức đáng nhớ",
		"Phân tích đa thức thành nhân tử", "Tam giác đồng dạng", "Tần số tương đối",
		"Bất phương trình bậc nhất một ẩn"}},
	{"toan", "Toán", 10, 12, []string{"Khảo sát hàm số bậc ba", "Nguyên hàm và tích phân", "Số phức", "Cấp số cộng",
		"Hàm số lượng giác", "Đạo hàm của hàm số mũ", "Lôgarit", "Mặt cầu ngoại tiếp", "Xác suất có điều kiện",
		"Vectơ trong không gian", "Phương trình mặt phẳng", "Giới hạn của dãy số", "Tổ hợp và chỉnh hợp"}},
	{"tieng-viet", "Tiếng Việt", 1, 5,
		[]string{"Tập đọc Những cánh buồm", "Chính tả nghe viết Dòng kinh quê hương", "Luyện từ và câu Từ đồng nghĩa",
			"Tập làm văn Tả con vật", "Kể chuyện Lớp trưởng lớp tôi", "Học vần ăng âng", "Tập viết chữ hoa Đ",
			"Mở rộng vốn từ Gia đình", "Câu ghép", "Dấu hai chấm", "Ôn tập giữa học kì"}},
	{"ngu-van", "Ngữ văn", 6, 12, []string{"Truyện Kiều của Nguyễn Du", "Làng của Kim Lân", "Chiếc thuyền ngoài xa",
		"Vợ chồng A Phủ", "Lặng lẽ Sa Pa", "Nghị luận về một tư tưởng đạo lí", "Ánh trăng", "Mùa xuân nho nhỏ",
		"Người lái đò Sông Đà", "Thuyết minh về một danh lam thắng cảnh", "Phép tu từ ẩn dụ", "Bếp lửa",
		"Sang thu", "Tây Tiến"}},
	{"tieng-anh", "Tiếng Anh", 3, 12,
		[]string{"Unit 9 English in the world", "Unit 1 Local environment", "Reported speech",
			"Conditional sentences type 2", "Relative clauses", "Passive voice", "Present perfect tense",
			"My favourite food", "Unit 5 Wonders of Viet Nam", "Tag questions",
			"Listening and speaking My neighbourhood"}},
	{"khtn", "Khoa học tự nhiên", 6,
		9, []string{"Tế bào đơn vị của sự sống", "Tốc độ phản ứng", "Định luật Ohm", "Axit và bazơ",
			"Năng lượng tái tạo", "Quang hợp ở thực vật", "Lực ma sát", "Nguyên tử và nguyên tố",
			"Di truyền học Mendel", "Âm thanh và sóng âm"}},
	{"vat-li", "Vật lí", 10, 12, []string{"Dao động điều hoà", "Con lắc lò xo", "Sóng dừng", "Máy biến áp",
		"Hiện tượng quang điện", "Định luật Newton thứ hai", "Chuyển động ném ngang", "Cảm ứng điện từ",
		"Mạch điện xoay chiều", "Tụ điện"}},
	{"hoa-hoc", "Hoá học", 10, 12,
		[]string{"Este và chất béo", "Cân bằng hoá học", "Liên kết ion", "Kim loại kiềm", "Ancol và phenol",
			"Amin amino axit", "Tốc độ phản ứng hoá học", "Sắt và hợp chất của sắt", "Pin điện hoá", "Polime"}},
	{"sinh-hoc", "Sinh học", 10, 12, []string{"Nguyên phân và giảm phân", "Quy luật phân li độc lập", "Hệ sinh thái",
		"Hô hấp tế bào", "Đột biến gen", "Tuần hoàn máu", "Cảm ứng ở động vật", "Chọn lọc tự nhiên"}},
	{"lich-su-dia-li", "Lịch sử và Địa lí", 4, 9,
		[]string{"Chiến thắng Điện Biên Phủ", "Khí hậu Việt Nam", "Các dân tộc vùng Tây Bắc",
			"Nhà Trần và ba lần kháng chiến", "Sông ngòi nước ta", "Cách mạng tháng Tám",
			"Vùng Đồng bằng sông Cửu Long", "Thăng Long Hà Nội"}},
	{"lich-su", "Lịch sử", 10, 12, []string{"Chiến tranh lạnh", "Nước Việt Nam Dân chủ Cộng hoà",
		"Chiến dịch Hồ Chí Minh", "Văn minh Đại Việt", "ASEAN những chặng đường", "Công cuộc Đổi mới"}},
	{"dia-li", "Địa lí", 10, 12, []string{"Thiên nhiên nhiệt đới ẩm gió mùa", "Lao động và việc làm",
		"Vấn đề phát triển thuỷ sản", "Kinh tế Nhật Bản", "Trung du và miền núi Bắc Bộ", "Đô thị hoá"}},
	{"tin-hoc", "Tin học", 3, 12, []string{"Câu lệnh rẽ nhánh", "Thiết kế bài trình chiếu", "Bảng tính và hàm IF",
		"An toàn trên Internet", "Cơ sở dữ liệu quan hệ", "Lập trình Python vòng lặp for", "Thư điện tử",
		"Thuật toán tìm kiếm nhị phân"}},
	{"cong-nghe", "Công nghệ", 3, 12, []string{"Bản vẽ kĩ thuật", "Mạch điện bảng điện", "Trồng cây ăn quả",
		"Nuôi gà thả vườn", "Chế biến thực phẩm", "Động cơ đốt trong", "Cắm hoa trang trí"}},
	{"dao-duc", "Đạo đức", 1, 5, []string{"Kính trọng thầy cô giáo", "Giữ lời hứa", "Chia sẻ vui buồn cùng bạn",
		"Bảo vệ môi trường", "Quý trọng thời gian", "Em yêu quê hương"}},
	{"gdcd", "Giáo dục công dân", 6, 9, []string{"Tự lập", "Phòng chống bạo lực học đường", "Quyền trẻ em",
		"Tôn trọng lẽ phải", "Bảo vệ hoà bình", "Lí tưởng sống của thanh niên"}},
	{"am-nhac", "Âm nhạc", 1, 9, []string{"Học hát bài Nối vòng tay lớn", "Tập đọc nhạc số 2", "Đàn tính của người Tày",
		"Dân ca Quan họ", "Nhịp hai bốn"}},
	{"mi-thuat", "Mĩ thuật", 1, 9,
		[]string{"Vẽ tranh đề tài mùa xuân", "Tạo hình con rối", "Trang phục dân tộc Mông", "Tranh dân gian Đông Hồ"}},
	{"gdtc", "Giáo dục thể chất", 1, 12, []string{"Bài thể dục phát triển chung", "Nhảy cao kiểu bước qua", "Chạy bền",
		"Cầu lông phát cầu", "Bóng rổ dẫn bóng"}},
}

var (
	family = []string{"Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Lò", "Vàng", "Giàng", "Quàng",
		"Cà", "Lường", "Sùng"}
	middle = []string{"Thị", "Văn", "Minh", "Thu", "Ngọc", "Đức", "Thanh", "A", "Thị Thanh", "Xuân"}
	given  = []string{"Hà", "Hương", "Lan", "Dũng", "Tuấn", "Mai", "Phúc", "Yến", "Chung", "Páo", "Dế", "Thắm",
		"Quỳnh", "Bình", "Oanh", "Sơn"}
	places = []string{"Mường Thanh", "Him Lam", "Tủa Chùa", "Nậm Pồ", "Mường Chà", "Tuần Giáo", "Mường Nhé",
		"Thanh Trường", "Núa Ngam", "Pú Nhung", "Sín Thầu", "Na Ư", "Mường Ảng", "Búng Lao", "Chiềng Sinh"}
	kinds    = []string{"Tiểu học", "THCS", "THPT", "PTDTBT THCS", "Phổ thông Dân tộc Nội trú"}
	variants = []string{"%s", "%s (tiết 1)", "%s (tiết 2)", "Bài %d. %s", "Ôn tập: %s", "%s – Luyện tập",
		"Chủ đề %d: %s", "%s và ứng dụng", "Thực hành %s", "%s (nâng cao)"}
	abouts = []string{
		"Bài giảng giúp học sinh nắm được kiến thức cơ bản về %s và làm các bài tập trong sách giáo khoa.",
		"Các em chuẩn bị sách, vở và bút trước khi xem. Nội dung chính: %s. Cuối bài có câu hỏi tự kiểm tra.",
		"Nội dung: %s; ví dụ minh hoạ; hướng dẫn làm bài tập về nhà. Thầy cô mong các em học tốt trong thời gian ở nhà phòng dịch.",
		"",
	}
	began = time.Date(2020, 4, 6, 1, 0, 0, 0, time.UTC)
)

// Entries makes n believable published lessons, the same ones for the same
// seed: titles of the curriculum, teachers and schools of a mountain province,
// every fifth with captions.
func Entries(n int, seed uint64) []catalog.Entry {
	r := rand.New(rand.NewPCG(seed, 7))
	pick := func(s []string) string { return s[r.IntN(len(s))] }
	out := make([]catalog.Entry, n)
	for i := range out {
		s := curriculum[r.IntN(len(curriculum))]
		topic, variant := pick(s.list), pick(variants)
		title := strings.ReplaceAll(variant, "%d", strconv.Itoa(1+r.IntN(40)))
		title = strings.ReplaceAll(title, "%s", topic)
		about := strings.ReplaceAll(pick(abouts), "%s", topic)
		school, teacher := r.IntN(400), r.IntN(2000)
		language := "vi"
		if r.IntN(30) == 0 {
			language = []string{"en", "tai", "hmn"}[r.IntN(3)]
		}
		var spoken []catalog.Passage
		if i%talkEvery == 0 {
			spoken = talk(rand.New(rand.NewPCG(seed, uint64(i))), topic)
		}
		out[i] = catalog.Entry{
			Spoken:   spoken,
			LessonID: fmt.Sprintf("lesson-%06d", i), PackageID: fmt.Sprintf("package-%06d", i),
			Title: title, Description: about, Subject: s.code, SubjectName: s.name,
			Grade: s.from + r.IntN(s.to-s.from+1), Week: r.IntN(36), Language: language,
			TeacherID: fmt.Sprintf("teacher-%04d", teacher),
			Teacher: family[teacher%len(family)] + " " + middle[teacher/7%len(middle)] + " " +
				given[teacher/3%len(given)],
			SchoolID: fmt.Sprintf("school-%03d", school),
			School:   "Trường " + kinds[school%len(kinds)] + " " + places[school/3%len(places)],
			Duration: float64(300 + r.IntN(2400)), Bytes: int64(r.IntN(90_000_000)),
			PublishedAt: began.Add(time.Duration(i) * 7 * time.Minute),
		}
	}
	return out
}
