package demo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// recording is a small lesson with slides that the demo records itself, so that
// nothing has to be shipped or fetched.
type recording struct {
	title, description, subject string
	grade, week                 int
	colour                      string
	slides                      []slide
}

// slide is a title, the text below it, and what is spoken.
type slide struct {
	title, body, spoken string
}

var recordings = []recording{
	{
		title: "Hệ thức lượng trong tam giác vuông", subject: "toan", grade: 9, week: 3, colour: "0xFBF7EC",
		description: "Tìm cạnh và đường cao của tam giác vuông. Bài giảng mẫu do máy đọc.",
		slides: []slide{
			{"Hệ thức lượng\ntrong tam giác vuông", "Toán 9 · Tuần 3",
				"Chào các em. Hôm nay chúng ta học hệ thức lượng trong tam giác vuông."},
			{"Nhắc lại", "Tam giác ABC vuông tại A.\nAH là đường cao.",
				"Cho tam giác A B C vuông tại A. Kẻ đường cao A H xuống cạnh huyền B C."},
			{"Hệ thức 1", "AB² = BH · BC\nAC² = CH · BC",
				"Bình phương một cạnh góc vuông bằng tích của cạnh huyền và hình chiếu của cạnh đó."},
			{"Hệ thức 2", "AH² = BH · CH", "Bình phương đường cao bằng tích hai hình chiếu trên cạnh huyền."},
			{"Ví dụ", "BH = 4 cm, CH = 9 cm\nAH² = 4 · 9 = 36\nAH = 6 cm",
				"Ví dụ. B H bằng bốn, C H bằng chín. Vậy A H bằng sáu xăng ti mét."},
			{"Bài tập về nhà", "Làm bài 1, 2, 3.\nGửi bài cho cô nhé!",
				"Các em làm bài một, hai, ba. Hẹn gặp lại các em ở bài sau."},
		},
	},
	{
		title: "Vòng tuần hoàn của nước", subject: "khoa-hoc", grade: 4, week: 3, colour: "0xEAF4F7",
		description: "Nước bay hơi, thành mây, rồi thành mưa. Bài giảng mẫu do máy đọc.",
		slides: []slide{
			{"Vòng tuần hoàn của nước", "Khoa học 4 · Tuần 3",
				"Chào các em. Hôm nay chúng ta tìm hiểu vòng tuần hoàn của nước."},
			{"Bay hơi", "Nắng làm nước ở sông, suối\nbay hơi lên cao.",
				"Ánh nắng làm nước ở sông suối bay hơi lên cao."},
			{"Ngưng tụ", "Hơi nước gặp lạnh,\nthành những hạt nhỏ: mây.",
				"Lên cao gặp lạnh, hơi nước ngưng tụ thành mây."},
			{"Mưa", "Hạt nước nặng dần\nrồi rơi xuống thành mưa.",
				"Các hạt nước lớn dần, nặng dần, rồi rơi xuống thành mưa."},
			{"Em hãy nhớ", "Nước đi một vòng:\nsông – hơi – mây – mưa – sông.",
				"Nước đi một vòng, từ sông, thành hơi, thành mây, thành mưa, rồi lại về sông."},
		},
	},
}

// slideSeconds is how long a slide is shown without a voice; with one, it is shown
// for as long as the voice and a pause.
const slideSeconds = 12

// make records the lesson into dir with ffmpeg and, when the machine has it,
// the voice of espeak-ng.
func (r recording) make(ctx context.Context, dir string) (string, error) {
	font := "font=DejaVu Sans"
	if _, err := os.Stat("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"); err == nil {
		font = "fontfile=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
	}
	var list strings.Builder
	for i, s := range r.slides {
		part, err := r.recordSlide(ctx, dir, i, s, font)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&list, "file '%s'\n", part)
	}
	index := filepath.Join(dir, "list.txt")
	if err := os.WriteFile(index, []byte(list.String()), 0o600); err != nil {
		return "", fmt.Errorf("demo recording: %w", err)
	}
	out := filepath.Join(dir, "bai-giang-mau.mp4")
	return out, run(ctx, "ffmpeg", "-v", "error", "-nostdin", "-f", "concat", "-safe", "0", "-i", index,
		"-c", "copy", "-movflags", "+faststart", out)
}

// recordSlide records one slide: its text and a slowly moving pointer.
func (r recording) recordSlide(ctx context.Context, dir string, n int, s slide, font string) (string, error) {
	write := func(name, text string) (string, error) {
		p := filepath.Join(dir, fmt.Sprintf("%d-%s.txt", n, name))
		return p, os.WriteFile(p, []byte(text), 0o600)
	}
	title, err := write("title", s.title)
	if err != nil {
		return "", fmt.Errorf("demo recording: %w", err)
	}
	body, err := write("body", s.body)
	if err != nil {
		return "", fmt.Errorf("demo recording: %w", err)
	}
	sound := []string{"-f", "lavfi", "-t", fmt.Sprint(slideSeconds), "-i",
		"anoisesrc=color=brown:amplitude=0.02:sample_rate=48000"}
	voice := filepath.Join(dir, fmt.Sprintf("%d.wav", n))
	length := []string{"-t", fmt.Sprint(slideSeconds)}
	if err := run(ctx, "espeak-ng", "-v", "vi", "-s", "135", "-w", voice, s.spoken); err == nil {
		sound, length = []string{"-i", voice}, []string{"-shortest"}
	}
	picture := fmt.Sprintf(
		"color=c=%s:s=1280x720:r=25,drawtext=%s:textfile=%s:fontsize=64:line_spacing=12:fontcolor=0x14324A:x=90:y=80,"+
			"drawtext=%s:textfile=%s:fontsize=46:line_spacing=26:fontcolor=0x222222:x=90:y=310,"+
			"drawtext=%s:text=●:fontsize=40:fontcolor=0xC0392B:x=110+40*sin(t*2):y=600+16*cos(t*3)",
		r.colour, font, title, font, body, font)
	out := filepath.Join(dir, fmt.Sprintf("%d.mp4", n))
	args := append([]string{"-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", picture}, sound...)
	args = append(args, "-af", "aresample=48000,apad=pad_dur=1.5", "-ac", "1")
	args = append(args, length...)
	args = append(args, "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", "-g", "50",
		"-c:a", "aac", "-b:a", "96k", out)
	return out, run(ctx, "ffmpeg", args...)
}

// run runs a program; its error has what the program wrote to standard error.
func run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("demo recording: %s: %w: %s", name, err, strings.TrimSpace(errs.String()))
	}
	return nil
}
