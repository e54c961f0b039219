package transport

// HTMLToText turns a desk's HTML into plain text that keeps its blocks: paragraphs, lists, quotes and
// tables become lines, a link becomes its words and its address, scripts and styles nothing.
func HTMLToText(src string) string { return PlainText(src) }
