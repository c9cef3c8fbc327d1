package media

// Caption is the key of one version of a lesson's captions in a language.
func Caption(lesson, language, version string) string {
	return Prefix(lesson) + Captions + language + "." + version + ".vtt"
}
