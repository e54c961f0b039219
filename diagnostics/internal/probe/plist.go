package probe

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ParsePlist reads an XML property list, as macOS's programs print them: dictionaries become map[string]any,
// arrays []any, and the rest string, int64, float64 or bool. Dates and data stay texts.
func ParsePlist(r io.Reader) (any, error) {
	dec := xml.NewDecoder(io.LimitReader(r, plistLimit))
	dec.Strict = true
	for {
		tok, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("read property list: %w", err)
		}
		if start, ok := tok.(xml.StartElement); ok && start.Name.Local != "plist" {
			return plistValue(dec, start, 0)
		}
	}
}

// plistLimit and plistDepth bound a list: real ones are some kilobytes, and nest less than ten deep.
const (
	plistLimit = 4 << 20
	plistDepth = 64
)

var errPlist = errors.New("not a property list")

func plistValue(dec *xml.Decoder, start xml.StartElement, depth int) (any, error) {
	if depth > plistDepth {
		return nil, errPlist
	}
	switch start.Name.Local {
	case "dict":
		return plistDict(dec, depth)
	case "array":
		var list []any
		err := plistChildren(dec, func(child xml.StartElement) error {
			v, err := plistValue(dec, child, depth+1)
			list = append(list, v)
			return err
		})
		return list, err
	case "true", "false":
		return start.Name.Local == "true", dec.Skip()
	}
	var text string
	if err := dec.DecodeElement(&text, &start); err != nil {
		return nil, fmt.Errorf("read property list: %w", err)
	}
	switch start.Name.Local {
	case "integer":
		return plistInteger(text)
	case "real":
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil {
			return nil, errPlist
		}
		return v, nil
	case "string", "date", "data", "key":
		return text, nil
	}
	return nil, errPlist
}

// plistInteger reads signed numbers, and those that a program printed as if they had no sign: a current of
// minus one ampere comes as 2^64 - 1000.
func plistInteger(text string) (int64, error) {
	text = strings.TrimSpace(text)
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		return v, nil
	}
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, errPlist
	}
	return int64(v), nil
}

func plistDict(dec *xml.Decoder, depth int) (map[string]any, error) {
	dict, key, have := map[string]any{}, "", false
	err := plistChildren(dec, func(child xml.StartElement) error {
		v, err := plistValue(dec, child, depth+1)
		if err != nil {
			return err
		}
		if child.Name.Local == "key" {
			key, _ = v.(string)
			have = true
			return nil
		}
		if !have {
			return errPlist
		}
		dict[key], have = v, false
		return nil
	})
	return dict, err
}

func plistChildren(dec *xml.Decoder, each func(xml.StartElement) error) error {
	for {
		tok, err := dec.Token()
		if err != nil {
			return fmt.Errorf("read property list: %w", err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if err := each(tok); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}
