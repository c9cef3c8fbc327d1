package titles

import (
	"fmt"
	"math/rand/v2"
	"time"

	"lenlop/services/catalog"
)

// talkEvery: every so many lessons have captions. talkLines is how many
// captions a talk has, one every talkPace: four minutes.
const (
	talkEvery = 5
	talkLines = 40
	talkPace  = 6 * time.Second
)

// asides are what teachers say besides the topic, with slots for a name, a
// number and a thing, so that some can be told apart and some are said
// everywhere.
var (
	asides = []string{
		"Nhà bạn %s nuôi %d con %s", "Hôm qua bạn %s đi chợ phiên mua %d cân %s",
		"Cô đố các em %s bẻ được bao nhiêu, đáp án là %d bắp %s",
		"Bạn %s trồng %d gốc %s sau nương", "Thầy nhớ năm ngoái em %s tả %d bụi %s rất hay",
		"Anh %s chở %d bao %s qua đèo",
	}
	things = []string{"lợn mán", "vịt bầu", "ngô nếp", "măng đắng", "mận hậu", "thảo quả", "gà ri", "sa nhân",
		"khoai sọ", "đỗ tương", "dê núi", "mắc ca"}
	common = []string{
		"Chào các em, chúng ta bắt đầu bài học hôm nay", "Các em mở sách giáo khoa trang bên",
		"Bây giờ các em tạm dừng và làm thử", "Ai chưa hiểu thì xem lại đoạn vừa rồi",
		"Chúng ta cùng chữa bài trên bảng", "Các em ghi kết luận vào vở", "Bài tập về nhà cô để ở cuối",
		"Hẹn gặp lại các em ở tiết sau", "Nhớ đọc kĩ đề trước khi làm", "Bạn nào làm xong thì kiểm tra lại",
	}
)

// aside is one of them, the same for the same numbers.
func aside(r *rand.Rand) string {
	pick := func(s []string) string { return s[r.IntN(len(s))] }
	return fmt.Sprintf(pick(asides), pick(given), 11+r.IntN(80), pick(things))
}

// talk is what is said in a lesson: mostly what is said in every one.
func talk(r *rand.Rand, topic string) []catalog.Passage {
	var lines []catalog.Line
	for i := range talkLines {
		text := common[r.IntN(len(common))]
		switch {
		case i%10 == 3:
			text = "Bây giờ ta nói về " + topic
		case i%10 == 7:
			text = aside(r)
		}
		lines = append(lines, catalog.Line{From: time.Duration(i) * talkPace, Text: text})
	}
	var out []catalog.Passage
	for i := 0; i < len(lines); i += 3 {
		// the last caption begins the next passage, too
		out = append(out, catalog.Passage{Lines: lines[i:min(i+4, len(lines))]})
	}
	return out
}
