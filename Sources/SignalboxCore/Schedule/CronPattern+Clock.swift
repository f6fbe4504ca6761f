/// Which local times a pattern matches, on a clock that is never set: seconds since it showed 1970-01-01 00:00:00.
extension CronPattern {
    private static let day: Int64 = 86_400

    /// The first match in `range`; nil when there is none.
    func first(in range: Range<Int64>) -> Int64? {
        guard !range.isEmpty else { return nil }
        let (date, time) = range.lowerBound.flooredDivision(by: Self.day)
        let days = Int(date)..<(Int((range.upperBound - 1).flooredDivision(by: Self.day).quotient) + 1)
        guard var found = firstDay(in: days) else { return nil }
        var second = firstTime(atOrAfter: found == days.lowerBound ? Int(time) : 0)
        if second == nil {
            guard let later = firstDay(in: (found + 1)..<max(found + 1, days.upperBound)) else {
                return nil
            }
            (found, second) = (later, firstTime(atOrAfter: 0))
        }
        let result = Int64(found) * Self.day + Int64(second ?? 0)
        return result < range.upperBound ? result : nil
    }

    /// The last match in `range`; nil when there is none.
    func last(in range: Range<Int64>) -> Int64? {
        guard !range.isEmpty else { return nil }
        let (date, time) = (range.upperBound - 1).flooredDivision(by: Self.day)
        let days = Int(range.lowerBound.flooredDivision(by: Self.day).quotient)..<(Int(date) + 1)
        guard var found = lastDay(in: days) else { return nil }
        let end = Int(Self.day) - 1
        var second = lastTime(atOrBefore: found == Int(date) ? Int(time) : end)
        if second == nil {
            guard let earlier = lastDay(in: days.lowerBound..<found) else { return nil }
            (found, second) = (earlier, lastTime(atOrBefore: end))
        }
        let result = Int64(found) * Self.day + Int64(second ?? 0)
        return result >= range.lowerBound ? result : nil
    }

    /// How many matches there are in `range`, by months and not one by one.
    func count(in range: Range<Int64>) -> Int {
        guard !range.isEmpty else { return 0 }
        let (firstDate, firstTime) = range.lowerBound.flooredDivision(by: Self.day)
        let (lastDate, lastTime) = range.upperBound.flooredDivision(by: Self.day)
        return countDays(in: Int(firstDate)..<Int(lastDate)) * countTimes(before: Int(Self.day))
            - countTimes(of: Int(firstDate), before: Int(firstTime))
            + countTimes(of: Int(lastDate), before: Int(lastTime))
    }

    private func countTimes(of date: Int, before second: Int) -> Int {
        second == 0 ? 0 : countDays(in: date..<(date + 1)) * countTimes(before: second)
    }

    private func firstTime(atOrAfter second: Int) -> Int? {
        var (hour, minute, rest) = (second / 3_600, second / 60 % 60, second % 60)
        while let matchingHour = hours.bit(atOrAfter: hour) {
            if matchingHour > hour { (minute, rest) = (0, 0) }
            hour = matchingHour
            while let matchingMinute = minutes.bit(atOrAfter: minute) {
                if matchingMinute > minute { rest = 0 }
                minute = matchingMinute
                if let matchingSecond = seconds.bit(atOrAfter: rest) {
                    return hour * 3_600 + minute * 60 + matchingSecond
                }
                (minute, rest) = (minute + 1, 0)
            }
            (hour, minute, rest) = (hour + 1, 0, 0)
        }
        return nil
    }

    private func lastTime(atOrBefore second: Int) -> Int? {
        var (hour, minute, rest) = (second / 3_600, second / 60 % 60, second % 60)
        while let matchingHour = hours.bit(atOrBefore: hour) {
            if matchingHour < hour { (minute, rest) = (59, 59) }
            hour = matchingHour
            while let matchingMinute = minutes.bit(atOrBefore: minute) {
                if matchingMinute < minute { rest = 59 }
                minute = matchingMinute
                if let matchingSecond = seconds.bit(atOrBefore: rest) {
                    return hour * 3_600 + minute * 60 + matchingSecond
                }
                (minute, rest) = (minute - 1, 59)
            }
            (hour, minute, rest) = (hour - 1, 59, 59)
        }
        return nil
    }

    /// Matching times of a matching day before `second`, 0 to 86,400.
    private func countTimes(before second: Int) -> Int {
        let (hour, minute, rest) = (second / 3_600, second / 60 % 60, second % 60)
        let perMinute = seconds.nonzeroBitCount
        let perHour = minutes.nonzeroBitCount * perMinute
        var total = hours.bits(below: hour) * perHour
        if hours.hasBit(hour) {
            total += minutes.bits(below: minute) * perMinute
            if minutes.hasBit(minute) { total += seconds.bits(below: rest) }
        }
        return total
    }
}

extension UInt64 {
    func hasBit(_ position: Int) -> Bool { self & (1 << UInt64(position)) != 0 }
    func bits(below position: Int) -> Int { (self & ((1 << UInt64(position)) - 1)).nonzeroBitCount }

    func bit(atOrAfter position: Int) -> Int? {
        let rest = position > 63 ? 0 : self & (.max << UInt64(position))
        return rest == 0 ? nil : rest.trailingZeroBitCount
    }

    func bit(atOrBefore position: Int) -> Int? {
        let rest = position < 0 ? 0 : self & (.max >> UInt64(63 - position))
        return rest == 0 ? nil : 63 - rest.leadingZeroBitCount
    }
}
