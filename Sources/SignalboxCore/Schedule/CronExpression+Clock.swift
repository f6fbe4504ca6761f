/// Which local times an expression matches, on a clock that is never set: seconds since it showed 1970-01-01 00:00:00.
extension CronExpression {
    private static let day: Int64 = 86_400

    /// The first match in `range`; nil when there is none.
    func first(in range: Range<Int64>) -> Int64? {
        var (date, time) = range.lowerBound.flooredDivision(by: Self.day)
        while date * Self.day < range.upperBound {
            if matches(CalendarDay(daysSinceEpoch: Int(date))), let found = firstTime(atOrAfter: Int(time)) {
                let result = date * Self.day + Int64(found)
                return result < range.upperBound ? result : nil
            }
            (date, time) = (date + 1, 0)
        }
        return nil
    }

    /// The last match in `range`; nil when there is none.
    func last(in range: Range<Int64>) -> Int64? {
        guard !range.isEmpty else { return nil }
        var (date, time) = (range.upperBound - 1).flooredDivision(by: Self.day)
        while (date + 1) * Self.day > range.lowerBound {
            if matches(CalendarDay(daysSinceEpoch: Int(date))), let found = lastTime(atOrBefore: Int(time)) {
                let result = date * Self.day + Int64(found)
                return result >= range.lowerBound ? result : nil
            }
            (date, time) = (date - 1, Self.day - 1)
        }
        return nil
    }

    /// How many matches there are in `range`, day by day and not one by one.
    func count(in range: Range<Int64>) -> Int {
        guard !range.isEmpty else { return 0 }
        let (firstDate, firstTime) = range.lowerBound.flooredDivision(by: Self.day)
        let (lastDate, lastTime) = range.upperBound.flooredDivision(by: Self.day)
        var total = 0
        for date in firstDate...lastDate where matches(CalendarDay(daysSinceEpoch: Int(date))) {
            let upper = date == lastDate ? Int(lastTime) : Int(Self.day)
            total += countTimes(before: upper) - (date == firstDate ? countTimes(before: Int(firstTime)) : 0)
        }
        return total
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
