#!/usr/bin/perl
# Who and what there is on the test desk; plays itself again without harm. Arguments: the program's directory and
# the web service's definition.
use strict;
use warnings;
use utf8;

my ( $home, $definition ) = @ARGV;
require lib;
lib->import( $home, "$home/Kernel/cpan-lib", "$home/Custom" );
require Kernel::System::ObjectManager;
local $Kernel::OM = Kernel::System::ObjectManager->new( 'Kernel::System::Log' => { LogPrefix => 'people' } );

sub object { return $Kernel::OM->Get("Kernel::System::$_[0]") }
my %by = ( ValidID => 1, UserID => 1 );

# A queue that customers may write to, in the group that has everybody.
my $group  = object('Group')->GroupLookup( Group => 'users' );
my %queues = reverse object('Queue')->QueueList( Valid => 0 );
$queues{Helpdesk} ||= object('Queue')->QueueAdd(
    Name => 'Helpdesk', GroupID => $group, SystemAddressID => 1, SalutationID => 1, SignatureID => 1,
    FollowUpID => 1, FollowUpLock => 0, Comment => 'takes reports', %by,
) || die 'queue';

# The technician.
my %users = reverse object('User')->UserList( Type => 'Short', Valid => 0 );
$users{tech} ||= object('User')->UserAdd(
    UserFirstname => 'Théo', UserLastname => 'Technicien', UserLogin => 'tech', UserPw => 'tech-secret',
    UserEmail => 'tech@balise.test', ValidID => 1, ChangeUserID => 1,
) || die 'technician';
object('Group')->PermissionGroupUserAdd(
    GID => $group, UID => $users{tech}, UserID => 1,
    Permission => { map { $_ => 1 } qw(ro move_into create note owner priority rw) },
);

# Two customers of different companies, and one who shares the first one's: those see each other's tickets.
for ( [ 'alice', 'Alice', 'Été', 'north' ], [ 'bob', 'Bob', 'Byrne', 'south' ], [ 'carol', 'Carol', 'Été', 'north' ] ) {
    my ( $login, $first, $last, $company ) = @{$_};
    my $companies = object('CustomerCompany');
    my %known = $companies->CustomerCompanyGet( CustomerID => $company );
    if ( !%known ) {
        $companies->CustomerCompanyAdd( CustomerID => $company, CustomerCompanyName => ucfirst $company, %by ) or die 'company';
    }
    my %have = object('CustomerUser')->CustomerUserDataGet( User => $login );
    next if %have;
    object('CustomerUser')->CustomerUserAdd(
        Source => 'CustomerUser', UserLogin => $login, UserPassword => "$login-secret", UserFirstname => $first,
        UserLastname => $last, UserCustomerID => $company, UserEmail => "$login\@balise.test", %by,
    ) or die 'customer';
}

# A state that stock desks do not have, of the type that stock desks close with.
my %types  = reverse object('State')->StateTypeList( UserID => 1 );
my %states = reverse object('State')->StateList( UserID => 1, Valid => 0 );
$states{resolved} or object('State')->StateAdd( Name => 'resolved', TypeID => $types{closed}, %by ) or die 'state';

my $fields = object('DynamicField');
my $have   = $fields->DynamicFieldGet( Name => 'BaliseRef' );
$have->{ID} or $fields->DynamicFieldAdd(
    Name => 'BaliseRef', Label => 'Balise', FieldOrder => 1, FieldType => 'Text', ObjectType => 'Ticket',
    Config => { DefaultValue => '' }, Reorder => 0, %by,
) or die 'field';

my $services = object('GenericInterface::Webservice');
my %services = reverse %{ $services->WebserviceList( Valid => 0 ) || {} };
if ( !$services{GenericTicketConnectorREST} ) {
    my $text = object('Main')->FileRead( Location => $definition ) or die 'definition';
    my $what = object('YAML')->Load( Data => ${$text} ) or die 'yaml';
    $services->WebserviceAdd( Name => 'GenericTicketConnectorREST', Config => $what, %by ) or die 'service';
}
