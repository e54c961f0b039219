# Data for rt-setup-database: who there is, which queues, and what each may do.
use utf8;
our ( @Queues, @Groups, @Users, @Members, @CustomFields, @ACL );

@Queues = ( { Name => 'Helpdesk', Lifecycle => 'helpdesk', Description => 'waiting and closed exist here' } );

@Users = (
    {   Name         => 'alice',
        RealName     => 'Alice Été',
        EmailAddress => 'alice@balise.test',
        Password     => 'alice-secret',
        Lang         => 'fr',
        Timezone     => 'Europe/Paris',
        Privileged   => 0,
    },
    {   Name         => 'bob',
        RealName     => 'Bob Byrne',
        EmailAddress => 'bob@balise.test',
        Password     => 'bob-secret',
        Timezone     => 'America/Los_Angeles',
        Privileged   => 0,
    },
    {   Name         => 'tech',
        RealName     => 'Thérèse Technicienne',
        EmailAddress => 'tech@balise.test',
        Password     => 'tech-secret',
        Privileged   => 1,
    },
);

@Groups  = ( { Name => 'Technicians', Description => 'first line' } );
@Members = (
    { Group => 'Technicians', GroupDomain => 'UserDefined', Class => 'RT::User', Name => 'tech' },
);

@CustomFields = (
    {   Name       => 'BaliseRef',
        Type       => 'FreeformSingle',
        LookupType => 'RT::Queue-RT::Ticket',
        Queue      => [ 'General', 'Helpdesk' ],
    },
);

# SetInitialCustomField belongs to Everyone: at the moment of creation nobody is requestor yet, and RT drops
# the field without a word.
my %anybody   = ( GroupDomain => 'SystemInternal', GroupType => 'Everyone' );
my %requestor = ( GroupDomain => 'RT::Queue-Role', GroupType => 'Requestor' );
my %staff     = ( GroupDomain => 'UserDefined',    GroupId   => 'Technicians' );
for my $queue ( 'General', 'Helpdesk' ) {
    push @ACL, { Queue => $queue, Right => $_, %anybody }
        for qw(SeeQueue CreateTicket SeeCustomField SetInitialCustomField);
    push @ACL, { Queue => $queue, Right => $_, %requestor } for qw(ShowTicket ReplyToTicket);
    push @ACL, { Queue => $queue, Right => $_, %staff }
        for qw(SeeQueue CreateTicket ShowTicket ShowTicketComments ReplyToTicket CommentOnTicket ModifyTicket
               OwnTicket TakeTicket Watch SeeCustomField SetInitialCustomField ModifyCustomField);
}
1;
