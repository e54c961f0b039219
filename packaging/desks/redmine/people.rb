# The desk that the tests find: run by start.sh through "rails runner", on an empty database. Prints KEY=VALUE lines.
{
  'rest_api_enabled' => '1', 'login_required' => '1', 'default_language' => 'en', 'host_name' => '127.0.0.1',
  'protocol' => 'http', 'mail_from' => 'redmine@balise.test', 'notified_events' => [],
  'attachment_max_size' => '20480', 'attachment_extensions_denied' => 'exe' # KiB; what is refused is there to be tested
}.each { |name, v| Setting[name] = v }
Redmine::DefaultData::Loader.load('en') if Redmine::DefaultData::Loader.no_data?
IssueStatus.create!(name: 'Waiting', is_closed: false)
status = IssueStatus.all.to_h { |s| [s.name, s] }

# A field that users may fill in and search by, on every tracker.
field = IssueCustomField.create!(name: 'Balise ref', field_format: 'string', is_for_all: false, is_filter: true,
                                 searchable: true, trackers: Tracker.all.to_a)
other = IssueCustomField.create!(name: 'App version', field_format: 'string', is_for_all: true, is_filter: true,
                                 trackers: Tracker.all.to_a)

# status_id counts only from those who may edit the issue; the workflow below makes all else read-only for them.
rights = %i[view_issues add_issues add_issue_notes view_news view_wiki_pages]
user_role = Role.create!(name: 'End user', issues_visibility: 'own', assignable: false,
                         permissions: rights + [:edit_own_issues])
# As Redmine's stock Reporter: may write, may change nothing.
plain_role = Role.create!(name: 'Plain user', issues_visibility: 'own', assignable: false, permissions: rights)
tech_role = Role.create!(name: 'Technician', issues_visibility: 'all',
                         permissions: %i[view_issues add_issues edit_issues add_issue_notes view_private_notes
                                         set_notes_private manage_categories manage_news manage_wiki edit_wiki_pages
                                         view_news view_wiki_pages])
moves = [%w[Resolved In\ Progress], %w[Closed In\ Progress], %w[Waiting In\ Progress], %w[Resolved Closed]]
Tracker.all.each do |tracker|
  ([nil] + status.values).product(status.values).each do |from, to|
    next if from == to
    WorkflowTransition.create!(tracker_id: tracker.id, role_id: tech_role.id, old_status_id: from&.id || 0,
                               new_status_id: to.id)
  end
  [user_role, plain_role].each do |role|
    WorkflowTransition.create!(tracker_id: tracker.id, role_id: role.id, old_status_id: 0,
                               new_status_id: status['New'].id)
    moves.each do |from, to|
      WorkflowTransition.create!(tracker_id: tracker.id, role_id: role.id, old_status_id: status[from].id,
                                 new_status_id: status[to].id)
    end
    status.each_value do |s|
      next if s.name == 'New' # creation is governed by it too
      %w[subject description priority_id category_id project_id tracker_id].each do |name|
        WorkflowPermission.create!(tracker_id: tracker.id, role_id: role.id, old_status_id: s.id, field_name: name,
                                   rule: 'readonly')
      end
    end
  end
end

desk = Project.create!(name: 'Helpdesk', identifier: 'helpdesk', is_public: false, trackers: Tracker.all.to_a,
                       enabled_module_names: %w[issue_tracking news wiki])
plain = Project.create!(name: 'Plain', identifier: 'plain', is_public: false, trackers: [Tracker.find_by(name: 'Support')],
                        enabled_module_names: %w[issue_tracking])
[desk, plain].each { |p| p.issue_custom_fields = [field, other] }
plain.issue_custom_fields = [other]
IssueCategory.create!(project: desk, name: 'Application')

def person(login, first, last, language)
  u = User.new(firstname: first, lastname: last, mail: "#{login}@balise.test", language: language)
  u.login = login
  u.password = u.password_confirmation = "#{login}-secret"
  u.mail_notification = 'none'
  u.save!
  u
end
alice = person('alice', 'Alice', 'Été', 'fr')
bob = person('bob', 'Bob', 'Usager', 'en')
tech = person('tech', 'Thérèse', 'Technicienne', 'en')
alice.pref.update!(time_zone: 'Paris')
bob.pref.update!(time_zone: 'Pacific Time (US & Canada)')
[alice, bob].each do |u|
  Member.create!(project: desk, principal: u, roles: [user_role])
  Member.create!(project: plain, principal: u, roles: [plain_role])
end
[desk, plain].each { |p| Member.create!(project: p, principal: tech, roles: [tech_role]) }
News.create!(project: desk, author: tech, title: 'Printers on floor 3', summary: 'Back at noon',
             description: 'They are *being moved*.')
{ 'alice' => alice, 'bob' => bob, 'tech' => tech }.each { |n, u| puts "REDMINE_#{n.upcase}_TOKEN=#{u.api_key}" }
puts 'REDMINE_QUEUE=helpdesk', 'REDMINE_QUEUE_PLAIN=plain', 'REDMINE_REF_FIELD=Balise ref'
