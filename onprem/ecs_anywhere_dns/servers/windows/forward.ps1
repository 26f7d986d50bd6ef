#Requires -RunAsAdministrator
#Requires -Modules DnsServer
[CmdletBinding(SupportsShouldProcess)]
param(
    # Store new forwarders in Active Directory. Empty: only on this server.
    [ValidateSet('', 'Forest', 'Domain', 'Legacy', 'Custom')] [string] $ReplicationScope = '',
    # The application partition of Active Directory, for -ReplicationScope Custom.
    [string] $DirectoryPartitionName = '',
    # Take over conditional forwarders that somebody else made. They come back at withdrawal.
    [switch] $TakeOver,
    # Also where a newer publication was applied already.
    [switch] $Force,
    # An address at which this DNS server answers.
    [string] $Server = '127.0.0.1'
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

# <what was published>

$folder = Join-Path $env:ProgramData 'ecs-anywhere-dns'
# What this VPC's script has made: each zone, its resolver IPs, and what it was before.
$memoryFile = Join-Path $folder "$vpc.json"
# What a run is about to change. It is there only while one is at work, or after one died.
$journalFile = Join-Path $folder "$vpc.journal"
# The memory of the script's first version: one list of zones for all VPCs.
$listFile = Join-Path $folder 'zones.txt'

function Stop-Run([int] $Code, [string] $Message, [string] $Cure = '') {
    Write-Host $Message
    if ($Cure) { Write-Host "cure: $Cure" }
    exit $Code
}

# Files

function Write-File([string] $Path, [string] $Text) {
    # A power cut leaves the old text or the new one, never a part.
    $half = "$Path.new"
    $bytes = [Text.Encoding]::UTF8.GetBytes($Text)
    $stream = [IO.File]::Create($half)
    try {
        $stream.Write($bytes, 0, $bytes.Length)
        $stream.Flush($true)
    } finally {
        $stream.Dispose()
    }
    if (Test-Path -LiteralPath $Path) {
        [IO.File]::Replace($half, $Path, [NullString]::Value)
    } else {
        [IO.File]::Move($half, $Path)
    }
}

function Read-File([string] $Path) {
    # The text, or $null where there is no such file.
    if (Test-Path -LiteralPath $Path) { return [IO.File]::ReadAllText($Path) }
    return $null
}

function Read-Json([string] $Path) {
    $text = Read-File $Path
    if (-not $text) { return $null }
    try {
        return $text | ConvertFrom-Json
    } catch {
        Stop-Run 2 "$Path is no JSON: $_" 'restore that file; without it this script refuses zones that it made itself'
    }
}

function Open-Lock {
    # Windows frees it when this process ends, however that is.
    $null = [IO.Directory]::CreateDirectory($folder)
    try {
        return [IO.File]::Open((Join-Path $folder 'lock'), 'OpenOrCreate', 'ReadWrite', 'None')
    } catch [IO.IOException] {
        Stop-Run 3 'another run is at work; nothing was changed' 'wait for it'
    }
}

# The state of a zone: of this server, of the memory, or as it has to become

function New-State([string] $Type, $Masters = @()) {
    return [pscustomobject] @{
        Type = $Type; Masters = @($Masters); UseRecursion = $false; Timeout = $timeout
        Scope = ''; Partition = ''
    }
}

function Get-State([string] $Zone) {
    # The whole list first: with -Name, a zone that is missing and a service that is down look alike.
    $names = @(Get-DnsServerZone | ForEach-Object { $_.ZoneName })
    if ($Zone -notin $names) { return New-State 'none' }
    $found = Get-DnsServerZone -Name $Zone
    if ($found.ZoneType -ne 'Forwarder') { return New-State "$($found.ZoneType)" }
    $state = New-State 'Forwarder' @($found.MasterServers | ForEach-Object { "$_" })
    $state.UseRecursion = [bool] $found.UseRecursion
    $state.Timeout = [int] $found.ForwarderTimeout
    if ($found.IsDsIntegrated) {
        $state.Scope = "$($found.ReplicationScope)"
        if ($state.Scope -eq 'Custom') { $state.Partition = "$($found.DirectoryPartitionName)" }
    }
    return $state
}

function Set-State([string] $Zone, $Wanted) {
    $now = Get-State $Zone
    if ($Wanted.Type -eq 'none') {
        if ($now.Type -eq 'Forwarder') { Remove-DnsServerZone -Name $Zone -Force }
        return
    }
    if ($now.Type -eq 'none') { Add-Forwarder $Zone $Wanted }
    # Without recursion of its own: a dead resolver is a failure, never a question to the internet.
    Set-DnsServerConditionalForwarderZone -Name $Zone -MasterServers $Wanted.Masters `
        -UseRecursion $Wanted.UseRecursion -ForwarderTimeout $Wanted.Timeout
}

function Add-Forwarder([string] $Zone, $Wanted) {
    $made = @{ Name = $Zone; MasterServers = $Wanted.Masters; ForwarderTimeout = $Wanted.Timeout }
    if ($Wanted.Scope) { $made.ReplicationScope = $Wanted.Scope }
    if ($Wanted.Scope -eq 'Custom') { $made.DirectoryPartitionName = $Wanted.Partition }
    Add-DnsServerConditionalForwarderZone @made
}

function Test-SameMasters($One, $Other) {
    $first = (@($One) | Sort-Object) -join ' '
    $second = (@($Other) | Sort-Object) -join ' '
    return $first -eq $second
}

function Test-SameState($One, $Other) {
    if ($One.Type -ne $Other.Type) { return $false }
    if ($One.Type -eq 'none') { return $true }
    return (Test-SameMasters $One.Masters $Other.Masters) -and
        $One.UseRecursion -eq $Other.UseRecursion -and $One.Timeout -eq $Other.Timeout
}

function Show-State($State) {
    if ($State.Type -eq 'none') { return 'nothing' }
    if ($State.Type -ne 'Forwarder') { return "a zone of type $($State.Type)" }
    $text = "a forwarder to $($State.Masters -join ' ')"
    if ($State.UseRecursion) { $text = "$text, then to the internet" }
    return $text
}

# A run that died: each zone as it was before, unless somebody else has changed it since

function Undo-Begun($Journal) {
    try {
        Undo-Journal $Journal
    } catch {
        Stop-Run 61 "the former forwarding could not be restored: $_" 'a person is needed NOW: look at the conditional forwarders, then run this script again'
    }
}

function Undo-Journal($Journal) {
    $left = @()
    foreach ($step in @($Journal.Steps)) {
        if (-not (Undo-Step $step)) { $left += $step.Zone }
    }
    Clear-DnsServerCache -Force
    if ($null -ne $Journal.Memory) {
        Write-File $memoryFile $Journal.Memory
    } elseif (Test-Path -LiteralPath $memoryFile) {
        Remove-Item -LiteralPath $memoryFile -Force
    }
    Remove-Item -LiteralPath $journalFile -Force
    foreach ($zone in $left) { Write-Host "left $zone as it is: somebody else has changed it" }
}

function Undo-Step($Step) {
    # Whether the zone is as it was.
    $now = Get-State $Step.Zone
    if (Test-SameState $now $Step.Before) { return $true }
    $isOurs = $now.Type -eq $Step.After.Type
    if ($now.Type -eq 'Forwarder') {
        $isOurs = (Test-SameMasters $now.Masters $Step.After.Masters) -or
            (Test-SameMasters $now.Masters $Step.Before.Masters)
    }
    if (-not $isOurs) { return $false }
    Set-State $Step.Zone $Step.Before
    $now = Get-State $Step.Zone
    if (-not (Test-SameState $now $Step.Before)) { throw "$($Step.Zone) is $(Show-State $now)" }
    return $true
}

# The decision for one zone
#
# | wanted | on this server                   | in the memory     | step                            |
# |--------|----------------------------------|-------------------|---------------------------------|
# | yes    | nothing                          |                   | make                            |
# | yes    | a forwarder as it was left       | yes               | keep, or change                 |
# | yes    | a forwarder that is right        | no                | leave: it is somebody else's    |
# | yes    | another forwarder                | no, or another    | refuse; -TakeOver: take over    |
# | yes    | a forwarder of another VPC       |                   | refuse                          |
# | yes    | any other zone                   |                   | refuse                          |
# | no     | nothing                          | yes               | forget                          |
# | no     | a forwarder as it was left       | made              | remove                          |
# | no     | a forwarder as it was left       | taken over        | put back what it was            |
# | no     | anything else                    | yes               | leave, and forget               |

function New-Step([string] $Zone, [string] $Verb, $Before, $After, $Former = $null) {
    return [pscustomobject] @{
        Zone = $Zone; Verb = $Verb; Before = $Before; After = $After; Former = $Former; Cure = ''
    }
}

function New-Refusal([string] $Zone, $Now, [string] $Cure) {
    $step = New-Step $Zone 'refuse' $Now $Now
    $step.Cure = $Cure
    return $step
}

function Find-Entry([string] $Zone) {
    return $memory | Where-Object { $_.Zone -eq $Zone }
}

function Get-Step([string] $Zone) {
    $now = Get-State $Zone
    $entry = Find-Entry $Zone
    # By resolver IPs: a zone that leads elsewhere than it was left is no longer this script's.
    $isOurs = $null -ne $entry -and $now.Type -eq 'Forwarder' -and
        (Test-SameMasters $now.Masters $entry.Masters)
    if ($null -eq $entry -and $now.Type -eq 'Forwarder' -and $Zone -in $listed) { $isOurs = $true }
    $former = $null
    if ($null -ne $entry) { $former = $entry.Former }
    if ($Zone -notin $zones) { return Get-StepBack $Zone $now $isOurs $former }
    return Get-StepForward $Zone $now $isOurs $former
}

function Get-StepForward([string] $Zone, $Now, [bool] $IsOurs, $Former) {
    $wanted = New-State 'Forwarder' $usable
    $wanted.Scope = $ReplicationScope
    $wanted.Partition = $DirectoryPartitionName
    if ($Now.Type -eq 'none') { return New-Step $Zone 'make' $Now $wanted }
    $owner = $others | Where-Object { $_.Zone -eq $Zone }
    if ($null -ne $owner) {
        return New-Refusal $Zone $Now "$($owner.Vpc) forwards it on this server: one of the two has to give it up"
    }
    if ($Now.Type -ne 'Forwarder') {
        return New-Refusal $Zone $Now 'remove that zone, or do not publish this name'
    }
    if ($ReplicationScope -and -not (Test-SameScope $Now)) {
        return New-Refusal $Zone $Now "it is stored in '$($Now.Scope)$($Now.Partition)': give the same -ReplicationScope, or change it with Set-DnsServerConditionalForwarderZone"
    }
    $wanted.Scope = $Now.Scope
    $wanted.Partition = $Now.Partition
    if ($IsOurs -and (Test-SameState $Now $wanted)) { return New-Step $Zone 'keep' $Now $wanted $Former }
    if ($IsOurs) { return New-Step $Zone 'change' $Now $wanted $Former }
    if (Test-SameState $Now $wanted) { return New-Step $Zone 'leave' $Now $Now }
    if ($TakeOver) { return New-Step $Zone 'take over' $Now $wanted $Now }
    return New-Refusal $Zone $Now 'this script did not make it so: remove it, or say -TakeOver'
}

function Get-StepBack([string] $Zone, $Now, [bool] $IsOurs, $Former) {
    if ($Now.Type -eq 'none') { return New-Step $Zone 'forget' $Now $Now }
    if (-not $IsOurs) { return New-Step $Zone 'leave' $Now $Now }
    if ($null -eq $Former) { return New-Step $Zone 'remove' $Now (New-State 'none') }
    return New-Step $Zone 'put back' $Now $Former
}

function Test-SameScope($Now) {
    if ($Now.Scope -ne $ReplicationScope) { return $false }
    return $ReplicationScope -ne 'Custom' -or $Now.Partition -eq $DirectoryPartitionName
}

function Show-Step($Step) {
    if ($Step.Verb -eq 'refuse') {
        Write-Host "refused: $($Step.Zone) is $(Show-State $Step.Before) here"
        Write-Host "cure: $($Step.Cure)"
    } elseif ($Step.Verb -eq 'leave') {
        Write-Host "left: $($Step.Zone) is $(Show-State $Step.Before), which this script did not make so"
    } elseif ($Step.Verb -notin $unchanging) {
        Write-Host "$($Step.Verb): $($Step.Zone), from $(Show-State $Step.Before) to $(Show-State $Step.After)"
    }
}

# Answers

function New-Problem([string] $At, [string] $Text, [bool] $IsSilent) {
    return [pscustomobject] @{ At = $At; Text = "${At}: $Text"; IsSilent = $IsSilent }
}

function Test-Name([string] $At, $Expected) {
    # Nothing where the answer is right, else what is wrong with it.
    $name = $Expected.Name
    try {
        $records = @(Resolve-DnsName -Name "$name." -Type A -Server $At -DnsOnly -NoHostsFile -QuickTimeout)
    } catch {
        return New-Problem $At "$name, $_" $true
    }
    $got = @($records | Where-Object { $_.Type -eq 'A' } | ForEach-Object { "$($_.IPAddress)" })
    $wrong = @($got | Where-Object { $_ -notin $Expected.Addresses })
    if ($got.Count -eq 0) { return New-Problem $At "$name has no address" $false }
    if ($wrong.Count -ne 0) {
        return New-Problem $At "$name is $($wrong -join ' '), published is $($Expected.Addresses -join ' ')" $false
    }
}

function Test-Resolvers {
    # The first problem of each resolver IP that does not answer as published.
    foreach ($resolver in $resolvers) {
        foreach ($expected in $answers) {
            $problem = Test-Name $resolver $expected
            if ($null -ne $problem) {
                Write-Host $problem.Text
                $problem
                break
            }
        }
    }
}

function Test-Answers([int] $Tries) {
    # What this server answers wrongly, after all tries. A forwarder needs a moment to be in force.
    $wrong = @($answers)
    $problems = @()
    for ($try = 1; $try -le $Tries -and $wrong.Count -ne 0; $try++) {
        if ($try -ne 1) { Start-Sleep -Seconds 2 }
        $problems = @()
        $still = @()
        foreach ($expected in $wrong) {
            $problem = Test-Name $Server $expected
            if ($null -ne $problem) {
                $problems += $problem.Text
                $still += $expected
            }
        }
        $wrong = @($still)
    }
    return $problems
}

# A run

function Get-ZonesOfOthers {
    if (-not (Test-Path -LiteralPath $folder)) { return }
    foreach ($file in Get-ChildItem -LiteralPath $folder -Filter '*.json') {
        if ($file.FullName -ne $memoryFile) {
            $other = Read-Json $file.FullName
            foreach ($entry in $other.Zones) { [pscustomobject] @{ Zone = $entry.Zone; Vpc = $other.Vpc } }
        }
    }
}

function Save-Memory {
    $kept = @($steps | Where-Object { $_.Verb -in @('make', 'keep', 'change', 'take over') })
    $entries = @($kept | ForEach-Object {
        [pscustomobject] @{ Zone = $_.Zone; Masters = @($_.After.Masters); Former = $_.Former }
    })
    $wanted = [pscustomobject] @{ Vpc = $vpc; Generation = $generation; Zones = $entries }
    $text = $wanted | ConvertTo-Json -Depth 6
    if ($text -ne (Read-File $memoryFile)) { Write-File $memoryFile $text }
    if (-not (Test-Path -LiteralPath $listFile)) { return }
    # What the first version's list says of these zones is in the memory now.
    $rest = @($listed | Where-Object { $_ -notin $zones })
    if ($rest.Count -eq 0) { Remove-Item -LiteralPath $listFile -Force }
    else { Write-File $listFile ($rest -join "`n") }
}

function Invoke-Steps {
    # What was wrong; nothing where each zone is as it has to be and every answer is right.
    try {
        foreach ($step in $changes) { Set-State $step.Zone $step.After }
        foreach ($step in $changes) {
            $now = Get-State $step.Zone
            if (-not (Test-SameState $now $step.After)) {
                return "$($step.Zone) is $(Show-State $now) after it was set to $(Show-State $step.After)"
            }
        }
        Clear-DnsServerCache -Force
        return Test-Answers 5
    } catch {
        return "$_"
    }
}

if (($ReplicationScope -eq 'Custom') -ne ($DirectoryPartitionName -ne '')) {
    Stop-Run 2 '-ReplicationScope Custom and -DirectoryPartitionName belong together' 'give both, or neither'
}
$unchanging = @('keep', 'leave', 'forget')
$lock = $null
try {
    # -WhatIf makes not even the folder.
    if (-not $WhatIfPreference) { $lock = Open-Lock }
    $journal = Read-Json $journalFile
    if ($null -ne $journal) {
        if (-not $PSCmdlet.ShouldProcess($env:COMPUTERNAME, 'undo what a run that died has begun')) {
            Stop-Run 0 'a run died while it changed something; nothing was changed' 'run this without -WhatIf: that is undone first'
        }
        Undo-Begun $journal
    }
    $said = Read-Json $memoryFile
    $memory = @()
    if ($null -ne $said) {
        $memory = @($said.Zones)
        if ($said.Generation -gt $generation -and -not $Force) {
            Stop-Run 30 "generation $($said.Generation) was applied, this is generation $generation; nothing was changed" 'render the publication as it is now; or say -Force'
        }
    }
    $listed = @("$(Read-File $listFile)" -split '\s+' | Where-Object { $_ })
    $others = @(Get-ZonesOfOthers)

    $unfit = @(Test-Resolvers)
    # From one that is silent the DNS server moves on to the other; a wrong answer it believes.
    $wrong = @($unfit | Where-Object { -not $_.IsSilent } | ForEach-Object { $_.At })
    $usable = @($resolvers | Where-Object { $_ -notin $wrong })
    if ($resolvers.Count -ne 0 -and $unfit.Count -eq $resolvers.Count) {
        Stop-Run 40 'no resolver IP answers as it has to; the forwarding is as it was' 'look at the route, at firewalls for UDP and TCP 53, and at the VPC'
    }
    $concerned = @(@($zones) + @($memory | ForEach-Object { $_.Zone }) | Sort-Object -Unique)
    $steps = @($concerned | ForEach-Object { Get-Step $_ })
    $changes = @($steps | Where-Object { $_.Verb -notin $unchanging })
    foreach ($step in $steps) { Show-Step $step }
    foreach ($zone in @($listed | Where-Object { $_ -notin $concerned })) {
        Write-Host "left: $zone, which an earlier version of this script made for this or another VPC; Remove-DnsServerZone removes it"
    }
    if (@($steps | Where-Object { $_.Verb -eq 'refuse' }).Count -ne 0) {
        Stop-Run 50 'nothing was changed' 'see above'
    }

    if ($changes.Count -ne 0) {
        if (-not $PSCmdlet.ShouldProcess($env:COMPUTERNAME, "$($changes.Count) changes")) {
            Stop-Run 0 "$($changes.Count) zones are not as published; nothing was changed"
        }
        # -Confirm asked once, for all.
        $ConfirmPreference = 'None'
        $begun = [pscustomobject] @{
            Memory = Read-File $memoryFile
            Steps = @($changes | ForEach-Object { @{ Zone = $_.Zone; Before = $_.Before; After = $_.After } })
        }
        Write-File $journalFile ($begun | ConvertTo-Json -Depth 6)
        $problems = @(Invoke-Steps)
        foreach ($problem in $problems) { Write-Host $problem }
        if ($problems.Count -ne 0) {
            Undo-Begun $begun
            Stop-Run 60 'this DNS server did not answer as published; the former forwarding is back' 'see above what it answered'
        }
        Save-Memory
        Remove-Item -LiteralPath $journalFile -Force
    } else {
        $problems = @(Test-Answers 2)
        foreach ($problem in $problems) { Write-Host $problem }
        if ($problems.Count -ne 0) {
            Stop-Run 70 'this DNS server does not answer as published; nothing was changed' 'look for a policy, a stub zone or a DNSSEC trust anchor of these names'
        }
        if ($PSCmdlet.ShouldProcess($env:COMPUTERNAME, 'note what is this VPC''s')) { Save-Memory }
    }
    if ($unfit.Count -ne 0) {
        Stop-Run 10 "the forwarding is right, but $($unfit[0].At) does not answer as it has to" 'look at the route and the VPC, then run this script again'
    }
    Stop-Run 0 "$($zones.Count) zones lead to $($usable -join ' '); every answer is right"
} catch {
    Stop-Run 1 "a defect, or a failure of this server: $_" 'run it again: what was begun is undone first'
} finally {
    if ($null -ne $lock) { $lock.Dispose() }
}
