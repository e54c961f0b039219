# Makes an API token for each user named and prints RT_<USER>_TOKEN=... for it.
use strict;
use warnings;
use lib '/usr/local/share/request-tracker5/lib', '/usr/share/request-tracker5/lib';
use RT -init;
use RT::AuthToken;

for my $name (@ARGV) {
    my $owner = RT::User->new( RT->SystemUser );
    $owner->Load($name);
    die "there is no user $name\n" unless $owner->id;
    my $token = RT::AuthToken->new( RT->SystemUser );
    my ( $ok, $why, $text ) = $token->Create( Owner => $owner->id, Description => 'Balise tests' );
    die "$name: $why\n" unless $ok;
    printf "RT_%s_TOKEN=%s\n", uc $name, $text;
}
