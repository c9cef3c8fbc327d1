package transcoder

// What one command may have in memory, in bytes, by the size of its pictures. A
// worker's share of the machine is counted in the first (app.memoryPerSlot);
// larger pictures are rare, and their commands a class of their own.
const (
	residentHD   = 700 << 20  // up to 1920x1088
	residentUHD  = 1500 << 20 // up to 4096x2304
	residentMost = 3 << 30    // up to 8192x4352, the largest that is opened
)

// resident bounds the memory of commands that work on pictures of the size.
func resident(width, height int) int64 {
	switch pixels := width * height; {
	case pixels <= 1920*1088:
		return residentHD
	case pixels <= 4096*2304:
		return residentUHD
	}
	return residentMost
}

// residentMemory bounds the memory of commands that work on a plan's recording.
func residentMemory(p Plan) int64 { return resident(p.Source.Width, p.Source.Height) }
