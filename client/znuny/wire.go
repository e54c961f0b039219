package znuny

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"balise/client"
	"balise/client/transport"
)

// answer is what any operation may answer.
type answer struct {
	Error        *deskError
	SessionID    text
	SessionData  list[pair]
	TicketID     list[text]
	TicketNumber text
	Ticket       list[ticket]
}

type pair struct {
	Key   string
	Value text
}

// deskError is a refusal, inside a 200.
type deskError struct{ ErrorCode, ErrorMessage string }

// is turns a refusal into an error. The codes of the checks that TicketCreate and TicketUpdate make before
// they store anything are a clear no. Any other code, for instance "TicketCreate.ErrorCode" when the article could
// not be added to the ticket just made, leaves a write in doubt.
func (e deskError) is(write bool) error {
	said := transport.Line(e.ErrorMessage, 300)
	kind := e.ErrorCode[strings.LastIndexByte(e.ErrorCode, '.')+1:]
	switch kind {
	case "AuthFail", "SessionInvalid":
		return fmt.Errorf("%w: %s", client.ErrUnauthorized, said)
	case "AccessDenied":
		return fmt.Errorf("%w: %s", client.ErrForbidden, said)
	case "MissingParameter", "InvalidParameter", "EmptyRequest":
		return &client.InvalidError{Message: said}
	case "NotValidTicketID", "NotTicketData":
		if !write {
			return fmt.Errorf("%w: %s", client.ErrNotFound, said)
		}
	}
	sort := client.ErrUnavailable
	if write {
		sort = client.ErrUnknownOutcome
	}
	return fmt.Errorf("%w: the desk says %s: %s", sort, transport.Line(e.ErrorCode, 60), said)
}

// ticket is the desk's record. Dates have no zone.
type ticket struct {
	TicketID, TicketNumber, Title text
	State, StateType              text
	Queue, Priority, Owner        text
	OwnerID, PriorityID           text
	Age, Created, Changed         text
	CustomerUserID                text
	DynamicField                  list[field]
	Article                       list[article]
}

type field struct {
	Name  string
	Value text
}

// article is a message. OTRS 5 had ArticleType where later ones have IsVisibleForCustomer.
type article struct {
	ArticleID, SenderType, From text
	Subject, Body               text
	ContentType, MimeType       text
	CreateTime, IncomingTime    text
	ArticleType                 text
	IsVisibleForCustomer        *text
	Attachment                  list[file]
}

type file struct {
	FileID, Filename, ContentType text
	FilesizeRaw, Filesize         text
	Content                       text
}

func (f file) size() int64 {
	n, _ := strconv.ParseInt(string(f.FilesizeRaw), 10, 64)
	return n
}

// text is a JSON value that the desk writes as a string or as a number, as it comes.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) > 0 && b[0] == '"':
		var s string
		err := json.Unmarshal(b, &s)
		*t = text(s)
		return err
	case len(b) == 0, b[0] == '{', b[0] == '[', bytes.Equal(b, []byte("null")):
		*t = ""
	default:
		*t = text(b)
	}
	return nil
}

// list is a JSON array; one of a single element may come as that element.
type list[T any] []T

func (l *list[T]) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) > 0 && b[0] == '[':
		var many []T
		err := json.Unmarshal(b, &many)
		*l = many
		return err
	case len(b) == 0, bytes.Equal(b, []byte("null")), bytes.Equal(b, []byte(`""`)):
		*l = nil
		return nil
	}
	var one T
	err := json.Unmarshal(b, &one)
	*l = list[T]{one}
	return err
}

// isID tells a record's number; everything else stays out of paths and queries.
func isID(s string) bool {
	n, err := strconv.ParseUint(s, 10, 53)
	return err == nil && n > 0
}

// zone is how far the desk's dates are from UTC. Dates come without a zone, in the one of the setting
// OTRSTimeZone: usually UTC, in old installations the server's. A ticket's Age gives it away.
func zone(t ticket, now time.Time) time.Duration {
	const grid = 15 * time.Minute // all zones of the world lie on it
	age, err := strconv.ParseInt(string(t.Age), 10, 64)
	made := parse(t.Created, 0)
	if err != nil || now.IsZero() || made.IsZero() {
		return 0
	}
	off := made.Sub(now.Add(-time.Duration(age) * time.Second))
	at := off.Round(grid)
	if at.Abs() > 14*time.Hour || (off-at).Abs() > 2*time.Minute {
		return 0
	}
	return at
}

func parse(s text, off time.Duration) time.Time {
	t, err := time.Parse(time.DateTime, string(s))
	if err != nil {
		return time.Time{}
	}
	return t.Add(-off)
}
