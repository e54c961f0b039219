package agent

import (
	"context"

	"balise/app/internal/ipc/api"
)

// Record reads or changes the light record.
func (a *Agent) Record(_ context.Context, action string) (api.RecordState, error) {
	return api.RecordState{}, &api.Error{Code: api.CodeUsage, Args: map[string]string{"what": action}}
}
