package probe

func printService() (PrintServer, PrintServicer) {
	p := NewPrinting(NewPrintEnv())
	return p.Server, p
}
