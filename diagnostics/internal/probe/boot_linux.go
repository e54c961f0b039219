package probe

import (
	"context"
	"time"
)

// boot asks systemd, which notes when each stage began, in microseconds. Firmware and loader count backwards
// from the kernel's start.
func boot(ctx context.Context) (Boot, error) {
	const manager = "org.freedesktop.systemd1.Manager"
	var at busProps
	err := onSystemBus(ctx, func(ctx context.Context, b bus) (err error) {
		at, err = b.allProperties(ctx, "org.freedesktop.systemd1", "/org/freedesktop/systemd1", manager)
		return err
	})
	if err != nil {
		return Boot{}, err
	}
	return bootFrom(at), nil
}

func bootFrom(at busProps) Boot {
	stamp := func(name string) time.Duration {
		us, _ := busValue[uint64](at, name+"TimestampMonotonic")
		const day = 24 * 60 * 60 * 1e6
		if us > 30*day {
			return 0
		}
		return time.Duration(us) * time.Microsecond
	}
	firmware, loader, initrd := stamp("Firmware"), stamp("Loader"), stamp("InitRD")
	user, finish := stamp("Userspace"), stamp("Finish")
	b := Boot{Loader: loader, Kernel: user, Finished: finish > 0 && finish >= user}
	b.Firmware = max(0, firmware-loader)
	if initrd > 0 && initrd <= user {
		b.Kernel, b.Initrd = initrd, user-initrd
	}
	if b.Finished {
		b.User = finish - user
	}
	return b
}
